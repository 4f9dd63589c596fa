"""Where the tests charge: one station in Berlin, always open, with one EVSE."""

import pytest

from bookings.models import Connector, Evse, Station, Tariff


def make_tariff(name: str = "Standard", **fields: object) -> Tariff:
    """1.00 EUR a session, 3.00 an hour, 0.45 a kWh, 0.10 an idle minute; 19 % tax included."""
    prices = {"session_fee_minor": 100, "per_hour_minor": 300, "per_kwh_minor": 45, "idle_per_minute_minor": 10}
    return Tariff.objects.create(name=name, **({"currency": "EUR", "tax_bp": 1900} | prices | fields))


def make_station(name: str = "Harbour", *, tariff: Tariff | None, **fields: object) -> Station:
    """A station that has what `refresh_station` would derive for one 60 kW EVSE with a CCS plug."""
    place = {"city": "Berlin", "country": "DE", "latitude": 52.52, "longitude": 13.405, "time_zone": "Europe/Berlin"}
    derived = {"bookable": tariff is not None, "evse_count": 1, "max_power_w": 60_000, "sort_key": name.lower()}
    derived["connector_types"] = [Connector.IEC_62196_T2_COMBO]
    known = place | derived | {"currency": "EUR", "network": "Test network", "source_id": name.lower()}
    return Station.objects.create(name=name, tariff=tariff, **(known | fields))


def make_evse(station: Station, label: str = "1", **fields: object) -> Evse:
    """A 60 kW direct-current EVSE with a CCS plug."""
    ratings = {"current": Evse.Current.DC, "max_power_w": 60_000, "connector_types": [Connector.IEC_62196_T2_COMBO]}
    return Evse.objects.create(station=station, label=label, **(ratings | fields))


@pytest.fixture
def tariff() -> Tariff:
    return make_tariff()


@pytest.fixture
def station(tariff: Tariff) -> Station:
    return make_station(tariff=tariff)


@pytest.fixture
def evse(station: Station) -> Evse:
    return make_evse(station)
