"""Settings: read by all of the staff, written by owners, audited, and obeyed by whoever books."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client as Browser

from adminpanel.models import Setting
from adminpanel.setting_values import booking_limits, set_figures, usual_policy, written
from adminpanel.texts import ChangedMeanwhile, set_text
from bookings.holding import hold
from bookings.limits import Limits
from bookings.models import Booking, Client, Evse, Station
from bookings.moving import move_booking
from bookings.refusals import TooFarAhead, TooLong
from evbunker import clock
from evbunker.models import Change
from tests.adminpanel.desks import desk_of
from tests.booking_steps import paid, slot_in

PAGE = "/operations/settings/"


@pytest.fixture
def desk(olga: Client) -> Browser:
    return desk_of(olga)


def limit(olga: Client, slots: int = 32, days_ahead: int = 30) -> None:
    now = written_limits()
    set_figures(figures={"limit_slots": slots, "limit_days_ahead": days_ahead}, seen=now, actor=olga)


def written_limits() -> dict[str, int]:
    from adminpanel.setting_values import LIMITS

    return written(LIMITS)


def wish(evse: Evse, dara: Client, *, minutes: int = 60, in_minutes: int = 60) -> Booking:
    return hold(client=dara, evse=evse, starts_at=slot_in(in_minutes), minutes=minutes, energy_wh=1000)


def test_limits_are_obeyed_by_holds_forms_and_the_api(dara: Client, olga: Client, station: Station, evse: Evse) -> None:
    long = paid(dara, evse, in_minutes=300, minutes=240)
    limit(olga, slots=8, days_ahead=3)
    with pytest.raises(TooLong) as refused:
        wish(evse, dara, minutes=135)
    assert (str(refused.value), refused.value.status) == ("A booking lasts at most 2\xa0h.", 422)
    with pytest.raises(TooFarAhead) as refused_far:
        wish(evse, dara, in_minutes=4 * 24 * 60)
    assert str(refused_far.value) == "You can book up to 3 days ahead."
    assert wish(evse, dara, minutes=120).minutes == 120
    browser = desk_of(dara)
    page = browser.get(f"/stations/{station.pk}/").content.decode()
    assert re.findall(r'<option value="(\d+)"', page)[-1] == "120"
    last = (clock.now() + dt.timedelta(days=3)).astimezone(station.zone).date()
    assert f"date={last}" in page or str(last) in page
    assert str(last + dt.timedelta(days=1)) not in page
    asked = {"evse_id": str(evse.pk), "starts_at": slot_in(5 * 24 * 60).isoformat(), "minutes": 60, "energy_wh": 1000}
    answer = browser.post("/api/v1/bookings", asked, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "too_far_ahead")
    assert move_booking(booking=long, evse=evse, starts_at=slot_in(600), actor=dara)
    assert Booking.objects.get(pk=long.pk).minutes == 240, "what was bought before may stay as long"


def test_limits_never_go_beyond_the_contract(olga: Client) -> None:
    Setting.objects.create(key="limit_slots", value="9999")
    Setting.objects.create(key="limit_days_ahead", value="soon")
    assert booking_limits() == Limits()
    assert Limits(99, 0).bounded == Limits(32, 1)


def test_owners_set_limits_on_the_page(desk: Browser, olga: Client) -> None:
    page = f"{PAGE}limits/"
    form = desk.get(page).context["form"]
    seen = {name: str(form[name].value()) for name in form.fields}
    assert desk.post(page, seen | {"limit_slots": "8", "limit_days_ahead": "7"}).status_code == 303
    assert booking_limits() == Limits(8, 7)
    change = Change.objects.get(action="setting.changed", after={"value": "8"})
    assert (change.actor, change.before) == (olga.email, {})
    assert desk.post(page, seen | {"limit_slots": "4"}).status_code == 409, "somebody has saved since"
    assert booking_limits() == Limits(8, 7)
    for wrong in ({"limit_slots": "33"}, {"limit_days_ahead": "31"}, {"limit_days_ahead": "0"}):
        assert desk.post(page, seen | wrong).status_code == 422


def test_new_tariffs_begin_with_the_usual_policy(desk: Browser) -> None:
    page = f"{PAGE}policy/"
    form = desk.get(page).context["form"]
    seen = {name: str(form[name].value()) for name in form.fields}
    typed = {"policy_free_cancel_hours": "48", "policy_late_refund_bp": "12.5", "policy_no_show_fee_bp": "80"}
    assert desk.post(page, seen | typed | {"policy_late_refund_bp": "101"}).status_code == 422
    assert desk.post(page, seen | typed).status_code == 303
    assert usual_policy() == {"free_cancel_hours": 48, "late_refund_bp": 1250, "no_show_fee_bp": 8000}
    new = desk.get("/operations/tariffs/new/").context["form"]
    assert [new[name].value() for name in ("free_cancel_hours", "late_refund_bp", "no_show_fee_bp")] == [
        48,
        "12.5",
        "80",
    ]


def test_a_text_is_shown_before_it_is_saved_and_never_overwritten_unseen(desk: Browser, olga: Client) -> None:
    page = f"{PAGE}texts/terms/"
    assert "has not published terms" in desk.get(page).context["form"]["value"].value()
    shown = desk.post(page, {"value": "# Ours\n\nBe <b>kind</b>.", "seen": "", "step": "preview"}).content.decode()
    assert "As visitors will see it" in shown
    assert "Be &lt;b&gt;kind&lt;/b&gt;." in shown
    assert not Setting.objects.exists()
    assert desk.post(page, {"value": "Be kind.\r\nAlways.", "seen": ""}).status_code == 303
    assert Setting.objects.get().value == "Be kind.\nAlways."
    stale = desk.post(page, {"value": "Mine.", "seen": ""})
    assert stale.status_code == 409
    assert "Be kind." in stale.content.decode()
    assert desk.post(page, {"value": "Mine.", "seen": "Be kind.\r\nAlways."}).status_code == 303
    change = Change.objects.filter(action="setting.changed").latest("pk")
    assert (change.before, change.after) == ({"value": "Be kind.\nAlways."}, {"value": "Mine."})
    with pytest.raises(ChangedMeanwhile):
        set_text(key="terms", value="Theirs.", actor=olga, seen="")
    assert desk.post(f"{PAGE}texts/operator_email/", {"value": "nobody", "seen": ""}).status_code == 422
    assert desk.get(f"{PAGE}texts/other/").status_code == 404


def test_the_page_tells_how_things_are_and_no_secret(
    vera: Client, opal: Client, station: Station, settings: Any
) -> None:
    settings.PAYMENT_GATEWAYS = ["sandbox", "stripe"]
    settings.SANDBOX_WEBHOOK_SECRET = "hush-sandbox"
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test_hush", "whsec_hush"
    page = desk_of(vera).get(PAGE).content.decode()
    for said in (
        "STRIPE_SECRET_KEY",
        "test: no real money",
        "Standard",
        "10\xa0min",
        "Second factor",
        "Python",
        "sign in",
    ):
        assert said in page
    assert "hush" not in page
    assert f"{PAGE}limits/" not in page
    for path in ("limits/", "policy/", "texts/terms/"):
        assert desk_of(opal).post(f"{PAGE}{path}").status_code == 403
