"""The demonstration: a network that hangs together, made once, and drivers who use the API."""

from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from adminpanel.demo import history
from adminpanel.demo.people import DRIVER, OPERATOR, OWNER
from adminpanel.models import Beat, DailyTotal
from adminpanel.rollups import GRACE, HISTORY
from bookings.models import Booking, Client, Evse, StaleDay, Station, Vehicle
from evbunker import clock
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment
from tests.serving import Site


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A history of a few bookings."""
    monkeypatch.setattr(history, "WISHES", 40)


def seed() -> str:
    said = StringIO()
    call_command("seed_demo", stdout=said, stderr=StringIO())
    return said.getvalue()


def test_it_makes_the_network_its_people_and_its_past(short: None) -> None:
    said = seed()

    assert (Station.objects.count(), Evse.objects.count()) == (40, 92)
    assert set(Station.objects.values_list("bookable", flat=True)) == {True}
    assert len(set(Station.objects.values_list("city", flat=True))) == 8
    assert Client.objects.get(email=OPERATOR).has_role("operator")
    assert Client.objects.get(email=OWNER).has_role("owner")
    assert Client.objects.get(email=DRIVER).role() is None
    assert all(email in said for email in (DRIVER, OPERATOR, OWNER))
    assert Vehicle.objects.count() == 61
    assert Booking.objects.filter(status=Booking.Status.COMPLETED).count() > 20
    assert Booking.objects.filter(client__email=DRIVER, starts_at__gt=clock.now(), status="confirmed").exists()
    assert not Booking.objects.filter(ends_at__lt=clock.now(), status__in=Booking.LIVE).exists()
    assert check_integrity() == []


def test_its_ended_days_are_summed_up_from_the_first_minute(short: None) -> None:
    seed()
    assert not StaleDay.objects.filter(ends_at__lte=clock.now() - GRACE).exists()
    assert DailyTotal.objects.exists()
    assert Beat.objects.filter(name=HISTORY).exists()


def test_the_past_sends_no_mail_and_leaves_nothing_waiting(short: None) -> None:
    seed()
    assert Payment.objects.exists()
    assert mail.outbox == []
    waiting = GatewayCommand.objects.exclude(state=GatewayCommand.State.DONE)
    assert not waiting.filter(next_at__lte=clock.now()).exists()
    assert not waiting.exclude(kind=GatewayCommand.Kind.SETTLE).exists()  # those are of bookings to come


def test_a_second_run_changes_nothing(short: None) -> None:
    seed()
    before = sorted(Booking.objects.values_list("pk", "status"))
    assert "0 stations and 0 bookings made" in seed()
    assert sorted(Booking.objects.values_list("pk", "status")) == before


def test_a_run_that_was_cut_off_is_taken_up(short: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def power_cut(self: history.History, wish: history.Wish) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(history.History, "_book", power_cut)
        with pytest.raises(KeyboardInterrupt):
            seed()
    assert not Booking.objects.exists()
    seed()
    assert Booking.objects.count() > 20
    assert check_integrity() == []


def test_only_a_site_that_plays_with_money_is_filled(settings: object) -> None:
    settings.SANDBOX_ALLOWED = False
    with pytest.raises(CommandError, match="SANDBOX_ALLOWED=1"):
        seed()
    assert not Client.objects.exists()


def test_made_up_drivers_use_the_api(site: Site, short: None) -> None:
    seed()
    held = Booking.objects.count()
    said = StringIO()
    call_command("simulate_traffic", per_minute=6000, acts=6, stdout=said)
    assert "nobody answers" not in said.getvalue()
    assert Booking.objects.count() > held
    assert "6 acts." in said.getvalue()


def test_traffic_needs_drivers() -> None:
    with pytest.raises(CommandError, match="seed_demo"):
        call_command("simulate_traffic", acts=1)
