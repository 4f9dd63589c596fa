"""What the first implementation does for its two figures, as bare Django views: no session, no middleware, no index.

Faithful where it costs: the driver's own bookings and then all bookings are fetched whole, by a full scan each, and
added up in code; so are all payments for the operators. The `cached` addresses answer from Redis for as long as it did
(60 s and 300 s) and compute what is missing, each for itself. Its answers were JSON, put into Redis as JSON.
"""

import datetime as dt
import json
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pymongo
import redis
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

# The names of `data.py`, which cannot be imported without the product's settings.
BOOKINGS, PAYMENTS, STATIONS, CLIENTS = "first_bookings", "first_payments", "first_stations", "first_clients"
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="none", MIDDLEWARE=[], LOGGING_CONFIG=None)
URL = os.environ["DATABASE_URL"]
database = pymongo.MongoClient[dict[str, Any]](URL)[urlsplit(URL).path.strip("/")]
cache = redis.Redis.from_url(os.environ["REDIS_URL"])
KWH_PER_HOUR, KG_PER_KWH, KM_PER_KWH, SAVED_PER_KM = 1, 0.85, 6, 6.5 - 1.5
IMPACT_SECONDS, STATS_SECONDS = 60, 300


def _hours(booking: dict[str, Any]) -> float:
    begin, end = (dt.datetime.fromisoformat(booking[name]) for name in ("startTime", "endTime"))
    return (end - begin).total_seconds() / 3600


def _kwh(bookings: list[dict[str, Any]]) -> float:
    return sum(_hours(booking) * KWH_PER_HOUR for booking in bookings)


def _impact_of(client: str) -> dict[str, Any]:
    own = list(database[BOOKINGS].find({"userId": client, "status": "confirmed"}))
    everybody = list(database[BOOKINGS].find({"status": "confirmed"}))
    kwh = _kwh(own)
    return {
        "totalKWh": kwh,
        "co2Prevented": round(kwh * KG_PER_KWH),
        "drivingDistance": kwh * KM_PER_KWH,
        "costSaved": kwh * KM_PER_KWH * SAVED_PER_KM,
        "durationMinutes": sum(_hours(booking) * 60 for booking in own),
        "communityCO2": round(_kwh(everybody) * KG_PER_KWH),
    }


def _stats() -> dict[str, Any]:
    paid = list(database[PAYMENTS].find({"status": "completed"}))
    month = dt.datetime.now(dt.UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    recent = [payment for payment in paid if payment["createdAt"] >= month]
    return {
        "totalUsers": database[CLIENTS].count_documents({}),
        "activeStations": database[STATIONS].count_documents({"status": "active"}),
        "locations": len(database[STATIONS].distinct("city")),
        "revenue": sum(payment["amount"] for payment in paid),
        "change": 100 * len(recent) / max(1, len(paid) - len(recent)),
    }


def _answer(compute: Callable[[], dict[str, Any]]) -> HttpResponse:
    return HttpResponse(json.dumps(compute()), content_type="application/json")


def _cached(key: str, seconds: int, compute: Callable[[], dict[str, Any]]) -> HttpResponse:
    known = cache.get(key)
    if known is None:
        known = json.dumps(compute()).encode()
        cache.setex(key, seconds, known)
    return HttpResponse(known, content_type="application/json")


def impact(request: HttpRequest) -> HttpResponse:
    return _answer(lambda: _impact_of(request.headers["X-User"]))


def stats(request: HttpRequest) -> HttpResponse:
    return _answer(_stats)


def cached_impact(request: HttpRequest) -> HttpResponse:
    client = request.headers["X-User"]
    return _cached(f"journey-impact:{client}", IMPACT_SECONDS, lambda: _impact_of(client))


def cached_stats(request: HttpRequest) -> HttpResponse:
    return _cached("dashboard_stats", STATS_SECONDS, _stats)


urlpatterns = [
    path("impact", impact),
    path("stats", stats),
    path("cached/impact", cached_impact),
    path("cached/stats", cached_stats),
]
application = get_wsgi_application()
