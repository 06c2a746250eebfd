"""A Pyramid application made by a factory: views, a session, files, streams, errors."""

import json
from pathlib import Path

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPForbidden, HTTPFound, HTTPNotFound
from pyramid.response import FileResponse, Response
from pyramid.session import SignedCookieSessionFactory
from wording import WORDING

FILES = Path(__file__).parent / "files"


def front(request):
    return Response(f"<h1>Hello {request.params.get('name', 'you')}</h1>")


def wording(request):
    return Response(WORDING, content_type="text/plain")


def visits(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return {"visits": request.session["visits"]}


def form(request):
    return {"fields": list(request.POST.items())}


def upload(request):
    part = request.POST["file"]
    return {"name": part.filename, "kind": part.type, "size": len(part.file.read())}


def json_back(request):
    return {"got": request.json_body}


def raw(request):
    return Response(request.body, content_type="application/octet-stream")


def query(request):
    return {"params": list(request.GET.items()), "url": request.url}


def rest(request):
    return {"rest": request.matchdict["rest"], "path": request.path}


def away(request):
    return HTTPFound(request.route_url("visits", _query={"from": "away ü"}))


def page(request):
    if request.matchdict["number"] != "1":
        raise HTTPNotFound("only page 1 is written")
    return {"page": 1}


def denied(request):
    raise HTTPForbidden()


def stream(request):
    blocks = (f"{number}\n".encode() for number in range(10))
    return Response(app_iter=blocks, content_type="text/plain")


def file(request):
    return FileResponse(FILES / "lines.txt", request=request, content_type="text/plain")


def etag(request):
    response = Response("the same each time\n", conditional_response=True)
    response.md5_etag()
    return response


def cookies(request):
    response = Response(json.dumps(sorted(request.cookies.items())))
    response.set_cookie("one", "1")
    response.set_cookie("two", "2", max_age=60, httponly=True)
    response.delete_cookie("three")
    return response


def empty(request):
    return Response(status=204)


def boom(request):
    return Response(str(1 / 0))


VIEWS = {
    "front": ("/", front, None),
    "wording": ("/wording", wording, None),
    "visits": ("/visits", visits, "json"),
    "form": ("/form", form, "json"),
    "upload": ("/upload", upload, "json"),
    "json": ("/json", json_back, "json"),
    "raw": ("/raw", raw, None),
    "query": ("/query", query, "json"),
    "rest": ("/rest/*rest", rest, "json"),
    "away": ("/away", away, None),
    "page": ("/pages/{number}", page, "json"),
    "denied": ("/denied", denied, None),
    "stream": ("/stream", stream, None),
    "file": ("/file", file, None),
    "etag": ("/etag", etag, None),
    "cookies": ("/cookies", cookies, None),
    "empty": ("/empty", empty, None),
    "boom": ("/boom", boom, None),
}


def make_app():
    with Configurator() as config:
        config.set_session_factory(SignedCookieSessionFactory("only for tests"))
        for name, (pattern, view, renderer) in VIEWS.items():
            config.add_route(name, pattern)
            config.add_view(view, route_name=name, renderer=renderer)
        config.add_static_view("files", str(FILES))
        return config.make_wsgi_app()
