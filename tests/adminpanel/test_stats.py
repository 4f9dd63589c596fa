"""The overview's figures against a slow recomputation from all rows."""

import datetime as dt
import random
from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from adminpanel import stats
from adminpanel.days import recent_days
from bookings.models import Booking, ChargingSession, Client, EcoStat, Evse, Station
from evbunker import clock
from payments.models import Payment
from tests.adminpanel.history import add_booking, make_history, make_network
from tests.people import make_client
from tests.plans import no_scans

MIDNIGHTS = (
    dt.datetime(2026, 3, 29, 0, 30, tzinfo=dt.UTC),  # summer time begins in Berlin this night
    dt.datetime(2026, 6, 1, 10, 59, 59, tzinfo=dt.UTC),  # three dates in the world
    dt.datetime(2026, 6, 1, 23, 0, tzinfo=dt.UTC),
)


def computed() -> stats.Overview:
    """The overview, past every cache."""
    return stats.Overview(**stats.client_figures(), **stats.network_figures())


def is_today(day: dt.date | None, zone: str) -> bool:
    return day == clock.now().astimezone(ZoneInfo(zone)).date()


def slow_bookings() -> int:
    return sum(
        row.status in Booking.PAID and is_today(row.confirmed_day, row.station_time_zone)
        for row in Booking.objects.all()
    )


def slow_revenue() -> dict[str, int]:
    revenue: Counter[str] = Counter()
    for row in Payment.objects.all():
        if row.status == "captured" and is_today(row.captured_day, row.station_time_zone):
            revenue[row.currency] += row.captured_minor
    return dict(revenue)


def slow_eco() -> tuple[int, int | None]:
    zones = dict(Station.objects.values_list("pk", "time_zone"))
    rows = [row for row in EcoStat.objects.all() if is_today(row.day, zones[row.station_id])]
    known = [row.co2_saved_g for row in rows if row.co2_saved_g is not None]
    return sum(row.energy_wh for row in rows), sum(known) if known or not rows else None


def slow_evses() -> dict[str, int]:
    now = clock.now()
    promised = {
        booking.evse_id
        for booking in Booking.objects.all()
        if booking.starts_at <= now < booking.ends_at
        and (
            booking.status == "confirmed"
            or (booking.status == "held" and booking.expires_at + dt.timedelta(seconds=30) > now)
        )
    }
    stations = {row.pk: row for row in Station.objects.all()}
    counted = Counter(
        "reserved" if evse.status == "available" and evse.pk in promised else evse.status
        for evse in Evse.objects.all()
        if stations[evse.station_id].status != "retired"
    )
    return {state: counted[state] for state in ("available", "reserved", "occupied", "faulted", "out_of_service")}


@pytest.mark.parametrize("moment", MIDNIGHTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_figures_equal_a_slow_recomputation(dara: Client, moment: dt.datetime, seed: int) -> None:
    with clock.moved_to(moment):
        evses = make_network()
        make_history(dara, evses, seed)
        Evse.objects.filter(pk=evses[0].pk).update(status="occupied")
        seen = computed()
        assert seen.today.bookings == slow_bookings() > 0
        assert seen.today.revenue == slow_revenue()
        assert (seen.today.energy_wh, seen.today.co2_saved_g) == slow_eco()
        assert seen.evses == slow_evses()
        assert seen.sessions_active == sum(row.status == "active" for row in ChargingSession.objects.all())
        assert seen.stations == {"active": 3, "closed": 0}
        assert seen.clients == len(Client.objects.all())
        assert seen.as_of == moment


def test_an_empty_site_has_figures_too() -> None:
    seen = computed()
    assert (seen.clients, seen.stations_total, seen.evses_total, seen.today.bookings) == (0, 0, 0, 0)
    assert (seen.today.revenue, seen.today.energy_wh, seen.today.co2_saved_g) == ({}, 0, 0)
    assert all(day.is_empty for day in seen.days)


def test_co2_is_unknown_where_no_factor_is(dara: Client) -> None:
    evse = make_network()[0]
    booking = add_booking(dara, evse, random.Random(7), 1)
    EcoStat.objects.all().delete()
    today = clock.now().astimezone(ZoneInfo(booking.station_time_zone)).date()
    EcoStat.objects.create(
        booking=booking, client=dara, station_id=booking.station_id, day=today, charging_minutes=1, energy_wh=5000,
        distance_m=1, currency="EUR",
    )  # fmt: skip
    seen = recent_days(clock.now())[0]
    assert (seen.energy_wh, seen.co2_saved_g) == (5000, None)


def test_a_new_client_counts_on_its_own_local_day() -> None:
    with clock.moved_to(dt.datetime(2026, 6, 1, 11, 0, tzinfo=dt.UTC)):
        make_client("east", time_zone="Pacific/Kiritimati")  # 2 June, 01:00
        make_client("berlin", time_zone="Europe/Berlin")  # 1 June, 13:00
        make_client("west", time_zone="Pacific/Pago_Pago")  # 1 June, 00:00
    with clock.moved_to(dt.datetime(2026, 6, 1, 22, 30, tzinfo=dt.UTC)):
        assert stats.clients_today(clock.now()) == 2  # it is 2 June in Berlin now
        assert computed().clients == 3


def test_a_station_that_closes_leaves_the_active_ones(station: Station) -> None:
    Station.objects.filter(pk=station.pk).update(status="closed")
    assert stats.stations_by_state() == {"active": 0, "closed": 1}


def test_no_query_scans_what_grows(dara: Client) -> None:
    make_history(dara, make_network(), seed=3, rows=20)
    with no_scans():
        computed()
