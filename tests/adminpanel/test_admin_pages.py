"""Every list and every record of the Django admin, for every role."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client as Visitor
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from adminpanel.models import (
    Alert,
    Beat,
    ClientNote,
    DailyTotal,
    DailyUse,
    NetworkDay,
    ReportJob,
    ReportPart,
    ReportSchedule,
    Setting,
    StaleNetworkDay,
    StationImport,
    StationImportPart,
)
from bookings.holding import hold
from bookings.models import Booking, Client, Evse, IdempotencyKey, MeterValue, Outage, SearchWord, Station, Vehicle
from bookings.tokens import create_token
from evbunker import clock
from evbunker.admin import RecordAdmin
from evbunker.models import Record, Relay
from payments.cancelling import cancel_booking
from payments.comparing import compare_day
from payments.models import WebhookEvent
from payments.outbox import work_outbox
from tests.booking_steps import held, paid, pending
from tests.plans import no_scans

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def address(model: type, page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def rows(dara: Client, eli: Client, evse: Evse) -> None:
    """One row at least of every record there is."""
    booking = paid(dara, evse, in_minutes=120)
    cancel_booking(booking=paid(eli, evse, in_minutes=480), actor=eli)
    work_outbox()
    pending(held(eli, evse, in_minutes=300))
    create_token(client=dara, name="script")
    Vehicle.objects.create(client=dara, name="Van", usable_battery_wh=60_000, ac_max_w=11_000, wh_per_km=200)
    MeterValue.objects.create(session=booking.session, at=clock.now(), energy_wh=10)
    WebhookEvent.objects.create(gateway="sandbox", event_id="evt_1", type="payment.captured", body="{}")
    IdempotencyKey.objects.create(client=dara, key="k", request_hash="h", lease_until=clock.now())
    SearchWord.objects.create(word="harbour", station_id=evse.station_id)
    Outage.objects.create(evse=evse, station_id=evse.station_id, began_at=clock.now())
    Setting.objects.create(key="terms", value="Be kind.")
    Beat.objects.create(name="scheduler", beaten_at=clock.now())
    handed_in = StationImport.objects.create(source="csv", file_name="stations.csv")
    StationImportPart.objects.create(job=handed_in, number=0, data=b"name")
    Alert.objects.create(key="silent:books", since=clock.now())
    ClientNote.objects.create(client=dara, author_id=eli.pk, author=eli.email, text="Kind.")
    Relay.objects.create(name="relay")
    job = ReportJob.objects.create(kind="usage", form="csv", once="once", terms={})
    ReportPart.objects.create(job=job, number=0, data=b"1")
    ReportSchedule.objects.create(kind="usage", form="csv", recipients=[dara.email], next_at=clock.now())
    compare_day(gateway="sandbox", day=clock.now().date())
    DailyTotal.objects.create(station_id=evse.station_id, day=booking.confirmed_day, currency="EUR", bookings=1)
    DailyUse.objects.create(station_id=evse.station_id, day=booking.confirmed_day, evse_class="dc", hours=[0] * 24)
    NetworkDay.objects.create(day=booking.confirmed_day, time_zone="UTC", figures={"money": {}, "use": {}})
    StaleNetworkDay.objects.create(day=booking.confirmed_day, time_zone="UTC")


def test_every_record_of_ours_is_there_and_nothing_else() -> None:
    records = {model for model in apps.get_models() if issubclass(model, Record)}
    assert set(MODELS) == records
    assert all(isinstance(admin.site._registry[model], RecordAdmin) for model in MODELS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_owners_open_every_list_and_record(client: Visitor, olga: Client, rows: None, model: type) -> None:
    client.force_login(olga)
    row = model.objects.first()
    assert row is not None, "the fixture makes one"
    with no_scans(also_small=frozenset({"bookings_tariff"})):
        assert client.get(address(model, "changelist")).status_code == 200
        page = client.get(address(model, "change", row.pk))
    assert page.status_code == 200
    assert client.get(address(model, "changelist"), {"q": str(row.pk)}).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_viewers_look_and_change_nothing(client: Visitor, vera: Client, rows: None, model: type) -> None:
    client.force_login(vera)
    row = model.objects.first()
    assert client.get(address(model, "changelist")).status_code == 200
    assert client.get(address(model, "change", row.pk)).status_code == 200
    assert client.post(address(model, "change", row.pk), {"name": "Mine"}).status_code == 403
    assert client.get(address(model, "add")).status_code == 403
    assert client.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_nobody_deletes(client: Visitor, olga: Client, rows: None, model: type) -> None:
    client.force_login(olga)
    row = model.objects.first()
    assert client.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    client.post(address(model, "changelist"), {"action": "delete_selected", "_selected_action": str(row.pk)})
    assert model.objects.filter(pk=row.pk).exists()


def test_a_list_neither_counts_nor_joins(client: Visitor, olga: Client, rows: None) -> None:
    client.force_login(olga)
    client.get(address(Booking, "changelist"))
    with CaptureQueriesContext(connection) as queries:
        client.get(address(Booking, "changelist"))
    statements = [query["sql"].upper() for query in queries if "BOOKINGS_BOOKING" in query["sql"].upper()]
    assert len(statements) == 1
    assert not any(word in statements[0] for word in ("COUNT(", "$COUNT", "JOIN", "$LOOKUP", "$FACET"))
    assert len(queries) <= 4, "besides the list: session, client, its role"


def test_a_long_list_goes_on_by_cursor(client: Visitor, olga: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evbunker.admin.PAGE", 2)
    for number in range(5):
        Vehicle.objects.create(client=olga, name=f"Car {number}", usable_battery_wh=1, ac_max_w=1, wh_per_km=1)
    client.force_login(olga)
    page, seen = address(Vehicle, "changelist"), []
    while True:
        shown = client.get(page).context["cl"]
        seen += [vehicle.name for vehicle in shown.result_list]
        if not shown.next:
            break
        page = address(Vehicle, "changelist") + shown.next
    assert seen == ["Car 4", "Car 3", "Car 2", "Car 1", "Car 0"]


@pytest.mark.parametrize(
    "query", ["client__email=x", "client__password__startswith=a", "p=2", "before=nonsense", "status=x"]
)
def test_odd_queries_are_no_error_of_ours(client: Visitor, olga: Client, rows: None, query: str) -> None:
    client.force_login(olga)
    answer = client.get(f"{address(Booking, 'changelist')}?{query}", follow=True)
    assert answer.status_code in (200, 400)


def test_a_search_finds_by_what_has_an_index(client: Visitor, olga: Client, dara: Client, rows: None) -> None:
    client.force_login(olga)
    booking = Booking.objects.get(client=dara)
    for model, term in (
        (Booking, dara.email),
        (Booking, dara.pk),
        (Booking, booking.pk),
        (Client, "dara@"),
        (Client, dara.pk),
    ):
        with no_scans():
            found = client.get(address(model, "changelist"), {"q": str(term)}).context["cl"].result_list
        assert [row.pk for row in found] == [booking.pk if model is Booking else dara.pk], (model, term)


def test_history_is_the_audit_trail(client: Visitor, olga: Client, dara: Client, evse: Evse) -> None:
    booking = hold(client=dara, evse=evse, starts_at=held(dara, evse).ends_at, minutes=30, energy_wh=5000)
    client.force_login(olga)
    page = client.get(address(Booking, "history", booking.pk), follow=True)
    assert [change.action for change in page.context["cl"].result_list] == ["booking.held"]


def test_the_chooser_of_a_station_opens(client: Visitor, opal: Client, station: Station) -> None:
    client.force_login(opal)
    page = client.get(address(Station, "changelist"), {"_popup": "1", "_to_field": "id"})
    assert page.status_code == 200
    assert str(station.pk) in page.content.decode()


@pytest.mark.parametrize("path", ["search/?s=book", "jsi18n/", "bookings/", "nothing/", "bookings/booking/1/change/"])
def test_other_addresses_of_the_admin_break_nothing(client: Visitor, vera: Client, path: str) -> None:
    client.force_login(vera)
    assert client.get(f"/admin/{path}").status_code in (200, 302, 404)
