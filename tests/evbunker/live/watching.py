"""Panels and pages that only these tests have: they say what clients are called."""

import os
import time
from pathlib import Path
from uuid import UUID

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path

from bookings.models import Client, Station
from evbunker.live import Event, panel, publish
from evbunker.live.panels import REGISTRY

TEMPLATES = Path(__file__).parent / "templates"
NAME = "live_tests/_name.html"
loads: list[tuple[str, object]] = []
"""Which loaders ran, and for what."""


def declare() -> set[str]:
    """Declare the panels; their names."""
    before = set(REGISTRY)

    @panel("own-name", audience="client", stale_on={"client_update"}, ttl=60, template=NAME)
    def own_name(client_id: UUID) -> dict[str, object]:
        loads.append(("own-name", client_id))
        return {"name": "own-name", "says": Client.objects.get(pk=client_id).name}

    @panel("other", audience="client", stale_on={"payment_update"}, ttl=60, template=NAME)
    def other(client_id: UUID) -> dict[str, object]:
        return {"name": "other", "says": "the same"}

    @panel("names", audience="operators", stale_on={"client_update"}, ttl=60, template=NAME)
    def names() -> dict[str, object]:
        loads.append(("names", None))
        cache.set(f"names-loaded:{os.getpid()}:{time.monotonic_ns()}", 1)
        time.sleep(0.01)
        return {"name": "names", "says": " ".join(sorted(Client.objects.values_list("name", flat=True)))}

    @panel("place", audience="station", stale_on={"station_update"}, ttl=60, template=NAME, keyed=True)
    def place(key: str) -> dict[str, object]:
        if (station := Station.objects.filter(pk=UUID(key)).first()) is None:
            raise LookupError(key)
        return {"name": "place", "says": station.name}

    @panel("broken", audience="client", stale_on=(), ttl=60, template=NAME)
    def broken(client_id: UUID) -> dict[str, object]:
        return {"says": {}["missing"]}

    @panel("people", audience="operators", stale_on={"client_update"}, ttl=60, template="live_tests/_person.html",
           rows="client")  # fmt: skip
    def people(key: str) -> dict[str, object]:
        loads.append(("people", key))
        if (person := Client.objects.filter(pk=key).first()) is None:
            raise LookupError(key)
        return {"person": person}

    return set(REGISTRY) - before


def rename(client: Client, name: str) -> None:
    """What a service does: change, then tell."""
    Client.objects.filter(pk=client.pk).update(name=name)
    publish(Event("client_update", client=client.pk))


def page(request: HttpRequest) -> HttpResponse:
    return render(request, "live_tests/page.html")


def people_page(request: HttpRequest) -> HttpResponse:
    begins = request.GET.get("begins", "")
    shown = Client.objects.filter(name__startswith=begins).order_by("name")
    return render(request, "live_tests/people.html", {"people": shown, "filtered": bool(begins)})


def rename_by_url(request: HttpRequest, email: str, name: str) -> HttpResponse:
    """So that a test in another process can let this one publish."""
    rename(Client.objects.get(email=email), name)
    return HttpResponse(status=204)


urlpatterns = [
    path("watch/", page),
    path("people/", people_page),
    path("rename/<str:email>/<str:name>/", rename_by_url),
    path("", include("evbunker.urls")),
]
