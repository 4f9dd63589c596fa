"""The "Demo network": 8 cities, 40 stations, 92 EVSEs, a tariff for each currency. All of it is invented."""

from typing import NamedTuple

from bookings.models import Evse, Station, Tariff
from bookings.stations import refresh_station
from evbunker.db import atomic

SOURCE = "demo"
NETWORK = "Demo network"


class City(NamedTuple):
    """Where five stations stand; coordinates are its middle."""

    name: str
    country: str
    time_zone: str
    currency: str
    latitude: float
    longitude: float
    stations: tuple[str, str, str, str, str]


class Plug(NamedTuple):
    """One EVSE to be built."""

    current: str
    max_power_w: int
    connector_types: list[str]


CITIES = (
    City("Berlin", "DE", "Europe/Berlin", "EUR", 52.520, 13.405,
         ("Spreebogen car park", "Lindenhof offices", "Ostkreuz hub", "Tempelhof market", "Wannsee lakeside")),
    City("Hamburg", "DE", "Europe/Berlin", "EUR", 53.551, 9.994,
         ("Harbour steps", "Elbpark offices", "Altona hub", "Stadtpark market", "Veddel warehouse")),
    City("Lyon", "FR", "Europe/Paris", "EUR", 45.764, 4.836,
         ("Quai des Brotteaux", "Part-Dieu offices", "Confluence hub", "Croix-Rousse market", "Gerland stadium")),
    City("Valencia", "ES", "Europe/Madrid", "EUR", 39.470, -0.376,
         ("Turia gardens", "Ruzafa offices", "Marina hub", "Mestalla market", "Albufera park")),
    City("Leeds", "GB", "Europe/London", "GBP", 53.801, -1.549,
         ("Canal wharf", "Park Row offices", "Holbeck hub", "Kirkgate market", "Roundhay park")),
    City("Oslo", "NO", "Europe/Oslo", "NOK", 59.914, 10.752,
         ("Fjord quay", "Majorstuen offices", "Bryn hub", "Grønland market", "Holmenkollen ski car park")),
    City("Pune", "IN", "Asia/Kolkata", "INR", 18.520, 73.857,
         ("Deccan plaza", "Hinjewadi tech park", "Swargate hub", "Camp market", "Lonavala road")),
    City("Bengaluru", "IN", "Asia/Kolkata", "INR", 12.972, 77.594,
         ("Cubbon corner", "Whitefield tech park", "Majestic hub", "Jayanagar market", "Nandi Hills road")),
)  # fmt: skip

AC_11 = Plug("ac", 11_000, ["IEC_62196_T2"])
AC_22 = Plug("ac", 22_000, ["IEC_62196_T2"])
DC_60 = Plug("dc", 60_000, ["IEC_62196_T2_COMBO"])
DC_150 = Plug("dc", 150_000, ["IEC_62196_T2_COMBO", "CHADEMO"])
LAYOUTS = ([AC_22, AC_22], [AC_11, AC_11], [DC_150, DC_150, AC_22], [DC_60, AC_22], [DC_60, DC_60])
"""What the five stations of a city have: 11 EVSEs; every second city has one more, so 92 in all."""
PLACES = ((0.000, 0.000), (0.014, 0.021), (-0.011, 0.034), (0.023, -0.027), (-0.031, -0.019))
"""How far the five stations lie from the middle, in degrees."""

TARIFFS = (
    # currency, fee a session, an hour, a kWh, an idle minute, tax in basis points (included)
    ("EUR", 50, 120, 42, 10, 1900),
    ("GBP", 50, 100, 46, 10, 2000),
    ("NOK", 500, 1000, 450, 100, 2500),
    ("INR", 1000, 2000, 1500, 200, 1800),
)
MARKET_HOURS = {
    "regular_hours": [{"weekday": day, "period_begin": "06:00", "period_end": "22:00"} for day in range(1, 8)]
}


def build_network() -> int:
    """Make what is missing of the network; how many stations were made. Safe to repeat."""
    tariffs = {row[0]: _tariff(*row) for row in TARIFFS}
    made = 0
    for city_index, city in enumerate(CITIES):
        for index, name in enumerate(city.stations):
            source_id = f"{city.name.lower()}-{index + 1}"
            if not Station.objects.filter(source=SOURCE, source_id=source_id).exists():
                _station(city, name, index, source_id, tariffs[city.currency], extra=index == 4 and city_index % 2 == 0)
                made += 1
    return made


@atomic
def _tariff(currency: str, fee: int, hour: int, kwh: int, idle: int, tax_bp: int) -> Tariff:
    name = f"Demo {currency}"
    return Tariff.objects.filter(name=name).first() or Tariff.objects.create(
        name=name, currency=currency, session_fee_minor=fee, per_hour_minor=hour, per_kwh_minor=kwh,
        idle_per_minute_minor=idle, tax_bp=tax_bp,
    )  # fmt: skip


@atomic
def _station(city: City, name: str, index: int, source_id: str, tariff: Tariff, *, extra: bool) -> None:
    north, east = PLACES[index]
    station = Station.objects.create(
        name=name, network=NETWORK, address=f"{index * 12 + 7} {name}", city=city.name, country=city.country,
        latitude=round(city.latitude + north, 5), longitude=round(city.longitude + east, 5), time_zone=city.time_zone,
        currency=city.currency, tariff=tariff, source=SOURCE, source_id=source_id,
        opening_hours=MARKET_HOURS if index == 3 else {},
    )  # fmt: skip
    for number, plug in enumerate([*LAYOUTS[index], *([DC_60] if extra else [])], start=1):
        Evse.objects.create(station=station, label=f"{city.name[:3].upper()}{index + 1}-{number}", **plug._asdict())
    refresh_station(station)
