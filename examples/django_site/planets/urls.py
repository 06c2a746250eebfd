"""Which view answers what."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.index, name="index"),
    path("weigh", views.weigh, name="weigh"),
    path("planets/<slug:name>.json", views.planet, name="planet"),
]
