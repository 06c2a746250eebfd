"""Routes of the notes."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.front),
    path("wording", views.wording),
    path("notes/add", views.add),
    path("notes.json", views.as_json),
    path("session", views.session),
    path("cookies", views.cookies),
    path("echo", views.echo),
    path("upload", views.upload),
    path("stream", views.stream),
    path("download", views.download),
    path("files/<path:name>", views.files),
    path("unicode/<path:rest>", views.unicode),
    path("slash/", views.slash),
    path("big", views.big),
    path("gone", views.gone),
    path("denied", views.denied),
    path("boom", views.boom),
]
