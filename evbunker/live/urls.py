"""URLs of live panels; the socket `/live/` is in `evbunker/asgi.py`."""

from django.urls import path

from evbunker.live import views

urlpatterns = [path("panels/<str:ref>/", views.panel, name="panel")]
