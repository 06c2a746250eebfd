"""One view for each thing a browser does."""

import hashlib

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import (
    FileResponse,
    HttpResponse,
    HttpResponseGone,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django.views.static import serve
from wording import WORDING

from .models import Note

FILES = settings.BASE_DIR / "files"


def front(request):
    return render(request, "notes/front.html", {"notes": Note.objects.order_by("id")})


def wording(request):
    return HttpResponse(WORDING)


@require_POST
def add(request):
    Note.objects.create(title=request.POST["title"], text=request.POST.get("text", ""))
    return redirect("/")


def as_json(request):
    notes = Note.objects.order_by("id").values("title", "text")
    return JsonResponse({"notes": list(notes), "query": request.GET.dict()})


def session(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return JsonResponse({"visits": request.session["visits"]})


def cookies(request):
    response = JsonResponse(dict(sorted(request.COOKIES.items())))
    response.set_cookie("one", "1")
    response.set_cookie("two", "ü", max_age=60, httponly=True)
    response.delete_cookie("three")
    return response


@csrf_exempt
def echo(request):
    return HttpResponse(request.body, content_type="application/octet-stream", status=201)


@csrf_exempt
def upload(request):
    file = request.FILES["file"]
    digest = hashlib.sha256()
    for block in file.chunks():
        digest.update(block)
    answer = {"name": file.name, "size": file.size, "sha256": digest.hexdigest()}
    return JsonResponse({**answer, "fields": request.POST.dict()})


def stream(request):
    blocks = (f"{number} ü\n" for number in range(20))
    return StreamingHttpResponse(blocks, content_type="text/plain")


def download(request):
    return FileResponse(open(FILES / "lines.txt", "rb"), as_attachment=True)


def files(request, name):
    return serve(request, name, document_root=FILES)


def unicode(request, rest):
    return JsonResponse({"rest": rest, "path": request.path, "full": request.get_full_path()})


def slash(request):
    return HttpResponse("with a slash\n")


def big(request):
    return HttpResponse("0123456789abcdef" * 40_000, content_type="text/plain")


def gone(request):
    return HttpResponseGone("gone\n")


def denied(request):
    raise PermissionDenied("not for you")


def boom(request):
    raise RuntimeError("boom")
