"""An invented network, the same at every size: stations, EVSEs, clients, operators, and what they sign in with."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from benchmarks.bulk import Engine, Row
from bookings.models import ApiToken, Client, Connector, Evse, Station, Tariff
from bookings.pricing import TariffTerms
from bookings.roles import set_role
from bookings.tokens import hash_of
from evbunker.sessions import SessionStore

STATIONS, EVSES, CLIENTS, OPERATORS = 500, 1500, 10_000, 8
SIGN_INS = 1000
"""So many clients have a token and a session: the load goes round among them."""
SIGNED_UP = dt.timedelta(days=1200)
"""So long ago: nobody's sign-up counts as today's, and everybody's is before the first booking."""


class Country(NamedTuple):
    code: str
    city: str
    zone: str
    currency: str
    per_kwh_minor: int
    latitude: float
    longitude: float


COUNTRIES = (
    Country("DE", "Berlin", "Europe/Berlin", "EUR", 45, 52.5, 13.4),
    Country("FR", "Lyon", "Europe/Paris", "EUR", 40, 45.8, 4.8),
    Country("GB", "Leeds", "Europe/London", "GBP", 55, 53.8, -1.5),
    Country("IN", "Delhi", "Asia/Kolkata", "INR", 1800, 28.6, 77.2),
    Country("US", "Austin", "America/Chicago", "USD", 35, 30.3, -97.7),
)
POWERS_W = (11_000, 22_000, 60_000)


@dataclass(frozen=True)
class Place:
    """One EVSE with all that a booking of it copies."""

    evse_id: UUID
    station_id: UUID
    country: Country
    zone: ZoneInfo
    terms: TariffTerms
    power_w: int
    name: str


@dataclass(frozen=True)
class Network:
    places: list[Place]
    clients: list[UUID]


def made_id(kind: int, number: int, at: dt.datetime) -> str:
    """A time-ordered UUID (version 7) in hex, as both engines keep it; the same for the same record."""
    return f"{int(at.timestamp() * 1000):012x}7{kind:03x}8{number:015x}"


def fill_network(engine: Engine, clients: int, now: dt.datetime) -> Network:
    """The network with so many clients; nobody has charged yet. Its stations count from their first booking on."""
    at = now - SIGNED_UP
    tariffs = [_tariff(country) for country in COUNTRIES]
    stations = [_station(number, tariffs[number % len(COUNTRIES)], now) for number in range(STATIONS)]
    Station.objects.bulk_create(stations)
    evses = [_evse(number, stations[number % STATIONS], at) for number in range(EVSES)]
    Evse.objects.bulk_create(evses)
    engine.insert_all({Client: _clients(engine, clients, at)})
    return Network(
        places=[_place(evse, stations[n % STATIONS], COUNTRIES[n % len(COUNTRIES)]) for n, evse in enumerate(evses)],
        clients=[UUID(made_id(1, number, at)) for number in range(clients)],
    )


def _tariff(country: Country) -> Tariff:
    return Tariff.objects.create(
        name=f"{country.code} standard", currency=country.currency, session_fee_minor=100, per_hour_minor=200,
        per_kwh_minor=country.per_kwh_minor, idle_per_minute_minor=10, tax_bp=1900,
    )  # fmt: skip


def _station(number: int, tariff: Tariff, at: dt.datetime) -> Station:
    country = COUNTRIES[number % len(COUNTRIES)]
    name = f"{country.city} {number}"
    return Station(
        name=name, network="Bench", city=country.city, country=country.code, time_zone=country.zone,
        latitude=country.latitude + number / 5000, longitude=country.longitude + number / 5000,
        currency=country.currency, tariff=tariff, source="bench", source_id=str(number), bookable=True,
        evse_count=EVSES // STATIONS, max_power_w=max(POWERS_W), connector_types=[Connector.IEC_62196_T2],
        sort_key=name.lower(), created_at=at, updated_at=at,
    )  # fmt: skip


def current_of(power_w: int) -> str:
    """Alternating current up to 22 kW."""
    return "dc" if power_w > 22_000 else "ac"


def _evse(number: int, station: Station, at: dt.datetime) -> Evse:
    power_w = POWERS_W[number // STATIONS]
    return Evse(
        station=station, label=str(number // STATIONS + 1), current=current_of(power_w),
        max_power_w=power_w, connector_types=[Connector.IEC_62196_T2], created_at=at, updated_at=at,
    )  # fmt: skip


def _place(evse: Evse, station: Station, country: Country) -> Place:
    assert station.tariff is not None
    terms = TariffTerms.of(station.tariff)
    return Place(evse.pk, station.pk, country, ZoneInfo(country.zone), terms, evse.max_power_w, station.name)


def _clients(engine: Engine, clients: int, at: dt.datetime) -> Iterator[Row]:
    times = {"created_at": at, "updated_at": at, "last_seen_at": at}
    template = engine.template(Client, password="!nobody-signs-in-by-it", **times)
    for number in range(clients):
        country = COUNTRIES[number % STATIONS % len(COUNTRIES)]
        yield template | {
            "_id": made_id(1, number, at), "email": f"driver{number}@example.org", "name": f"Driver {number}",
            "country": country.code, "time_zone": country.zone,
        }  # fmt: skip


def fill_sign_ins(clients: list[UUID], file: Path) -> None:
    """Give up to SIGN_INS clients and OPERATORS operators a token and a session; say in `file` which."""
    chosen = clients[:: max(1, len(clients) // SIGN_INS)][:SIGN_INS]
    drivers = [_sign_in(client) for client in Client.objects.filter(pk__in=chosen)]
    operators = [_sign_in(_operator(number)) for number in range(OPERATORS)]
    file.write_text(json.dumps({"drivers": drivers, "operators": operators}))


def _operator(number: int) -> Client:
    client = Client.objects.create_user(f"operator{number}@example.org", None, name=f"Operator {number}")
    client.authenticator_set.create(type="totp", data={})  # type: ignore[attr-defined]
    set_role(client=client, role="operator", actor="bench")
    return client


def _sign_in(client: Client) -> dict[str, str]:
    text = f"evb_bench-{client.pk}"
    ApiToken.objects.create(client=client, hash=hash_of(text), name="bench")
    session = SessionStore()
    session[SESSION_KEY] = str(client.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = client.get_session_auth_hash()
    session.save()
    return {"client": str(client.pk), "token": text, "session": str(session.session_key)}
