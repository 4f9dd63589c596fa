"""What staff change in the Django admin goes through services, with its audit row, and only by those who may."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client as Visitor
from django.urls import reverse

from adminpanel.models import Setting
from adminpanel.texts import text_of
from bookings.leaving import delete_account
from bookings.models import Client, Evse, Station, Tariff
from bookings.standing import Forgotten, set_active
from evbunker.models import Change
from tests.people import make_client

STATION = {
    "name": "Quay", "network": "", "status": "active", "address": "", "city": "Kiel", "country": "DE",
    "latitude": "54.3", "longitude": "10.1", "time_zone": "Europe/Berlin", "currency": "EUR", "tariff": "",
    "opening_hours": "{}",
}  # fmt: skip


def form_of(visitor: Visitor, address: str) -> dict[str, object]:
    """What a browser would send back unchanged."""
    form = visitor.get(address).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value not in (None, False)}


def actions() -> list[str]:
    return [change.action for change in Change.objects.order_by("id")]


def change_page(record: Client | Evse | Setting | Station | Tariff) -> str:
    return reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_change", args=[record.pk])


def test_an_operator_adds_a_station_that_drivers_can_find(client: Visitor, opal: Client) -> None:
    client.force_login(opal)
    answer = client.post(reverse("admin:bookings_station_add"), STATION)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    station = Station.objects.get(name="Quay")
    assert (station.source, station.source_id, station.bookable) == ("local", station.pk.hex, False)
    assert station.sort_key, "what is derived was derived"
    assert actions() == ["station.saved"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("latitude", "91"), ("longitude", "x"), ("time_zone", "Mars/Olympus"), ("currency", "euro"), ("country", "XX"),
        ("opening_hours", '{"regular_hours": [{"weekday": 9}]}'), ("opening_hours", "no json"),
    ],
)  # fmt: skip
def test_nonsense_is_not_saved(client: Visitor, opal: Client, field: str, value: str) -> None:
    client.force_login(opal)
    answer = client.post(reverse("admin:bookings_station_add"), STATION | {field: value})
    assert field in answer.context["adminform"].form.errors
    assert not Station.objects.exists()


def test_a_tariff_is_given_by_owners_alone(client: Visitor, opal: Client, olga: Client, evse: Evse) -> None:
    dear = Tariff.objects.create(name="Dear", currency="EUR", per_kwh_minor=99)
    station = Station.objects.get(pk=evse.station_id)
    client.force_login(opal)
    client.post(change_page(station), form_of(client, change_page(station)) | {"tariff": str(dear.pk)})
    assert Station.objects.get(pk=station.pk).tariff_id == station.tariff_id
    client.force_login(olga)
    client.post(change_page(station), form_of(client, change_page(station)) | {"tariff": str(dear.pk)})
    assert Station.objects.get(pk=station.pk).tariff_id == dear.pk
    change = Change.objects.get(record_id=station.pk, actor=olga.email)
    assert (change.before["tariff_id"], change.after["tariff_id"]) == (str(station.tariff_id), str(dear.pk))


def test_a_tariff_in_another_currency_is_refused(client: Visitor, olga: Client, station: Station) -> None:
    dollars = Tariff.objects.create(name="Dollars", currency="USD")
    client.force_login(olga)
    answer = client.post(change_page(station), form_of(client, change_page(station)) | {"tariff": str(dollars.pk)})
    assert answer.status_code == 200
    assert "USD" in answer.content.decode()


def test_owners_alone_change_tariffs(client: Visitor, opal: Client, olga: Client, tariff: Tariff) -> None:
    client.force_login(opal)
    assert client.post(change_page(tariff), {"name": "Free"}).status_code == 403
    client.force_login(olga)
    form = form_of(client, change_page(tariff))
    assert client.post(change_page(tariff), form | {"tax_bp": "10001"}).status_code == 200
    assert client.post(change_page(tariff), form | {"per_kwh_minor": "50"}).status_code == 302
    tariff.refresh_from_db()
    assert (tariff.per_kwh_minor, tariff.tax_bp) == (50, 1900)
    assert actions() == ["tariff.saved"]


def test_an_operator_adds_an_evse_and_the_station_derives_the_rest(
    client: Visitor, opal: Client, station: Station
) -> None:
    client.force_login(opal)
    plug = {"current": "ac", "max_power_w": "22000", "connector_types": ["IEC_62196_T2"], "status": "available"}
    form = {"station": str(station.pk), "label": "B2", "ocpp_identity": ""} | plug
    answer = client.post(reverse("admin:bookings_evse_add"), form)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    station.refresh_from_db()
    assert (station.evse_count, station.max_power_w, station.connector_types) == (1, 22_000, ["IEC_62196_T2"])
    assert client.post(reverse("admin:bookings_evse_add"), form | {"connector_types": ["USB"]}).status_code == 200


def test_an_evse_out_of_service_makes_its_station_not_bookable(client: Visitor, opal: Client, evse: Evse) -> None:
    client.force_login(opal)
    form = form_of(client, change_page(evse)) | {"status": "out_of_service"}
    assert client.post(change_page(evse), form).status_code == 302
    assert Station.objects.get(pk=evse.station_id).bookable is False
    assert actions() == ["evse.saved"]


def test_a_form_that_was_overtaken_overwrites_nothing(client: Visitor, opal: Client, evse: Evse) -> None:
    client.force_login(opal)
    form = form_of(client, change_page(evse)) | {"label": "New", "seen": "2026-01-01T00:00:00+00:00"}
    answer = client.post(change_page(evse), form)
    assert "changed meanwhile" in answer.content.decode()
    evse.refresh_from_db()
    assert evse.label == "1"


def test_owners_give_roles_and_operators_do_not(client: Visitor, opal: Client, olga: Client, dara: Client) -> None:
    client.force_login(opal)
    client.post(change_page(dara), {"is_active": "on", "role": "owner"})
    assert Client.objects.get(pk=dara.pk).is_staff is False
    client.force_login(olga)
    client.post(change_page(dara), {"is_active": "on", "role": "viewer"})
    assert Client.objects.get(pk=dara.pk).role() == "viewer"
    client.post(change_page(dara), {"is_active": "on", "role": ""})
    assert Client.objects.get(pk=dara.pk).role() is None
    assert actions() == ["client.role", "client.role"]


def test_nobody_takes_the_own_role_away(client: Visitor, olga: Client) -> None:
    client.force_login(olga)
    answer = client.post(change_page(olga), {"is_active": "on", "role": ""}, follow=True)
    assert "another owner" in answer.content.decode()
    assert Client.objects.get(pk=olga.pk).role() == "owner"


def test_operators_suspend_drivers_and_no_staff(client: Visitor, opal: Client, vera: Client, dara: Client) -> None:
    client.force_login(opal)
    client.post(change_page(dara), {})
    assert Client.objects.get(pk=dara.pk).is_active is False
    client.post(change_page(dara), {"is_active": "on"})
    assert Client.objects.get(pk=dara.pk).is_active is True
    client.post(change_page(vera), {})
    assert Client.objects.get(pk=vera.pk).is_active is True
    assert actions() == ["client.suspended", "client.restored"]


def test_a_suspended_client_is_signed_out(client: Visitor, opal: Client, dara: Client) -> None:
    client.force_login(dara)
    assert client.get("/profile/").status_code == 200
    set_active(client=dara, active=False, actor=opal)
    assert client.get("/profile/").status_code == 302


def test_a_deleted_account_stays_deleted(opal: Client, dara: Client) -> None:
    delete_account(client=dara)
    with pytest.raises(Forgotten):
        set_active(client=dara, active=True, actor=opal)


def test_owners_write_the_texts(client: Visitor, olga: Client, opal: Client) -> None:
    add = reverse("admin:adminpanel_setting_add")
    client.force_login(opal)
    assert client.get(add).status_code == 403
    client.force_login(olga)
    assert "has not published" in client.get(f"{add}?key=terms").content.decode()
    assert client.post(add, {"key": "terms", "value": "Be kind."}).status_code == 302
    setting = Setting.objects.get()
    form = form_of(client, change_page(setting)) | {"key": "privacy", "value": "Be kinder."}
    assert client.post(change_page(setting), form).status_code == 302
    assert (Setting.objects.get().key, text_of("terms")) == ("terms", "Be kinder.")
    assert client.post(add, {"key": "terms", "value": "Twice."}).status_code == 200, "there is one already"
    assert client.post(add, {"key": "operator_email", "value": "nobody"}).status_code == 200
    assert actions() == ["setting.changed"] * 2


def test_create_client_can_be_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_client", "New@Example.org")
    call_command("create_client", "new@example.org", "--role", "viewer")
    call_command("create_client", "new@example.org", "--role", "owner")
    call_command("create_client", "new@example.org", "--role", "owner")
    client = Client.objects.get()
    assert (client.email, client.role(), client.has_usable_password()) == ("new@example.org", "owner", False)
    assert [address.verified for address in client.emailaddress_set.all()] == [True]
    assert [group.name for group in client.groups.all()] == ["owner"]
    assert actions() == ["client.created", "client.role", "client.role"]
    assert "already owner" in capsys.readouterr().out


def test_create_client_refuses_what_is_no_address_or_role() -> None:
    with pytest.raises(CommandError, match="e-mail address"):
        call_command("create_client", "nobody")
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("create_client", "a@example.org", "--role", "king")


def test_create_client_keeps_a_password_and_other_addresses() -> None:
    known = make_client("dara")
    known.emailaddress_set.create(email="other@example.org", primary=True)
    call_command("create_client", known.email)
    known.refresh_from_db()
    assert known.has_usable_password()
    addresses = {row.email: (row.verified, row.primary) for row in known.emailaddress_set.all()}
    assert addresses == {"dara@example.org": (True, True), "other@example.org": (False, False)}
