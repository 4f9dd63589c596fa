"""Who is in the demonstration: one driver, one operator, one owner, and sixty made-up other drivers."""

import datetime as dt
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress

from adminpanel.demo.network import CITIES
from bookings.client_words import index_client
from bookings.models import Client, Vehicle
from bookings.roles import set_role
from evbunker import clock
from evbunker.db import atomic

PASSWORD = "charge-the-demo"  # noqa: S105 (printed by seed_demo, and only a site that plays with sandbox money has it)
BETWEEN_SIGN_UPS = dt.timedelta(hours=4)
DRIVER, OPERATOR, OWNER = "driver@demo.example", "operator@demo.example", "owner@demo.example"
FIRST = ("Ada", "Ben", "Chen", "Dilan", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jonas", "Kiran", "Lena")
LAST = ("Moreau", "Naidu", "Okafor", "Petersen", "Quist")
OTHERS = [f"{first} {last}" for last in LAST for first in FIRST]
CARS = (
    ("Compact hatchback", 50_000, 11_000, 100_000, 155),
    ("Family estate", 75_000, 11_000, 150_000, 180),
    ("City car", 36_000, 7_400, 50_000, 140),
    ("Electric van", 68_000, 11_000, 100_000, 260),
)


def make_people(opened_at: dt.datetime) -> list[Client]:
    """The drivers, the demo driver first; makes whoever is missing, and the two staff. Safe to repeat.

    The demo driver signed up when the network opened, the others one after another from then on.
    """
    with clock.moved_to(opened_at):
        dara = _driver(DRIVER, "Dara Demo", 0)
        _staff()
    return [dara, *(_later_driver(name, index, opened_at) for index, name in enumerate(OTHERS, start=1))]


def address_of(name: str) -> str:
    """Where one of OTHERS gets mail, which goes nowhere."""
    return f"{name.replace(' ', '.')}@drivers.demo.example".lower()


def _later_driver(name: str, index: int, opened_at: dt.datetime) -> Client:
    with clock.moved_to(opened_at + index * BETWEEN_SIGN_UPS):
        return _driver(address_of(name), name, index)


def _staff() -> None:
    for email, name, role in ((OPERATOR, "Opal Demo", "operator"), (OWNER, "Olga Demo", "owner")):
        staff = _client(email, name, CITIES[0].country, CITIES[0].time_zone, password=PASSWORD)
        set_role(client=staff, role=role, actor="seed_demo")


def _driver(email: str, name: str, index: int) -> Client:
    city = CITIES[index % len(CITIES)]
    password = PASSWORD if email == DRIVER else None
    client = _client(email, name, city.country, city.time_zone, password=password)
    if not Vehicle.objects.filter(client=client).exists():
        car, battery_wh, ac_w, dc_w, wh_per_km = CARS[index % len(CARS)]
        Vehicle.objects.create(
            client=client, name=car, usable_battery_wh=battery_wh, ac_max_w=ac_w, dc_max_w=dc_w, wh_per_km=wh_per_km,
            connector_types=["IEC_62196_T2", "IEC_62196_T2_COMBO"],
        )  # fmt: skip
    return client


@atomic
def _client(email: str, name: str, country: str, time_zone: str, *, password: str | None) -> Client:
    known = Client.objects.filter(email=email).first()
    if known is not None:
        return known
    client = Client.objects.create_user(email, password, name=name, country=country, time_zone=str(ZoneInfo(time_zone)))
    EmailAddress.objects.create(user=client, email=email, verified=True, primary=True)
    index_client(client.pk)
    return client
