"""That `no_scans` sees what it is there to see, of every collection there is."""

from collections.abc import Callable

import pytest
from django.apps import apps

from bookings.models import Booking, Client, Station, Vehicle
from payments.models import Payment
from tests.plans import GROWING, SMALL, no_scans
from tests.scans.filling import ROWS


def test_every_collection_is_one_that_grows_or_one_that_stays_small() -> None:
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)} | {"django_migrations"}
    assert tables == GROWING | SMALL
    assert not GROWING & SMALL


def test_a_query_without_an_index_is_caught() -> None:
    caught_as("Scanned bookings_station", lambda: list(Station.objects.filter(city="Berlin")))
    caught_as("Scanned bookings_client", lambda: Client.objects.filter(name="Dara").exists())
    caught_as("Scanned bookings_booking", lambda: Booking.objects.filter(evse_label="x").update(ended_reason="x"))
    caught_as("Scanned payments_payment", lambda: Payment.objects.filter(client_name="x").delete())
    caught_as("Scanned bookings_vehicle", lambda: Vehicle.objects.filter(name="x").count())


@pytest.mark.engines
def test_a_long_sort_a_long_read_and_a_join_are_caught() -> None:
    completed = Booking.objects.filter(status="completed")
    caught_as(f"Sorted {ROWS} of bookings_booking", lambda: list(completed.order_by("starts_at")))
    caught_as(r"Read 15\d of bookings_booking", lambda: completed.count())
    caught_as("Joined .* to a list of bookings_booking", lambda: list(completed.select_related("station")[:5]))
    caught_as("Joined .* to a list of bookings_booking", lambda: list(Booking.objects.filter(station__city="Berlin")))


def caught_as(found: str, query: Callable[[], object]) -> None:
    with pytest.raises(AssertionError, match=found), no_scans():
        query()
