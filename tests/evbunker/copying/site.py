"""What a site holds that has been used: made by the services that make it in life."""

import datetime as dt

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission

from adminpanel.alerts import record_alerts
from adminpanel.client_notes import add_note
from adminpanel.import_jobs import hand_in
from adminpanel.models import Beat, ReportJob, ReportPart, StaleNetworkDay
from adminpanel.report_schedules import schedule_report
from adminpanel.rollups import close_days
from adminpanel.texts import set_text
from bookings.models import Booking, ChargingSession, Client, Evse, IdempotencyKey, MeterValue, Vehicle
from bookings.stations import refresh_station, set_evse_status
from bookings.tokens import create_token
from evbunker import clock
from evbunker.models import new_id
from payments.cancelling import cancel_booking
from payments.comparing import compare_day
from payments.models import Payment, WebhookEvent
from payments.outbox import work_outbox
from tests.booking_steps import held, paid, pending


def fill(dara: Client, opal: Client, evse: Evse) -> Booking:
    """Dara's past and future, and all that staff do; a booking that Dara has paid."""
    with clock.shifted(-dt.timedelta(days=2)):
        over = paid(dara, evse)
    MeterValue.objects.create(session=ChargingSession.objects.get(booking=over), at=clock.now(), energy_wh=10)
    coming = paid(dara, evse, in_minutes=120)
    cancel_booking(booking=paid(dara, evse, in_minutes=600), actor=dara)
    work_outbox()
    pending(held(dara, evse, in_minutes=300))
    held(dara, evse, in_minutes=420)
    sent = {"gateway": "sandbox", "type": "payment.captured", "event_id": "evt_1"}
    WebhookEvent.objects.create(payment=Payment.objects.get(booking=coming), body="{}", **sent)
    refresh_station(evse.station)
    close_days()
    compare_day(gateway="sandbox", day=clock.now().date())
    Beat.objects.create(name="scheduler", beaten_at=clock.now())
    Beat.objects.update(beaten_at=clock.now() - dt.timedelta(minutes=5))
    fill_account(dara)
    fill_staff(opal)
    fill_operations(dara, opal, evse)
    return coming


def fill_account(dara: Client) -> None:
    create_token(client=dara, name="script")
    Vehicle.objects.create(client=dara, name="Ü-Wagen", usable_battery_wh=60_000, ac_max_w=11_000, wh_per_km=200)
    EmailAddress.objects.create(user=dara, email=dara.email, verified=True, primary=True)
    answer = {"z": 1, "a": [2**40, 0.1, None, True], "text": "zürich\n"}
    IdempotencyKey.objects.create(client=dara, key="k", request_hash="h", lease_until=clock.now(), answer=answer)
    IdempotencyKey.objects.create(client=dara, key="under way", request_hash="h", lease_until=clock.now())
    Client.objects.filter(pk=dara.pk).update(last_login=dt.datetime(2026, 5, 4, 3, 2, 1, 987_654, tzinfo=dt.UTC))


def fill_staff(opal: Client) -> None:
    """A second factor, a group of the site's own with a permission, one without, a text, an act in the admin."""
    TOTP.activate(opal, generate_totp_secret())
    RecoveryCodes.activate(opal)
    passkey = {"name": "Key", "credential": {"id": "QUJD", "response": {"attestationObject": "o2M"}}}
    Authenticator.objects.create(user=opal, type="webauthn", data=passkey)
    permission = Permission.objects.get(codename="change_station")
    Group.objects.create(name="night shift").permissions.add(permission)
    Group.objects.filter(name="viewer").update(name="guest")
    opal.groups.add(Group.objects.get(name="night shift"))
    opal.user_permissions.add(permission)
    LogEntry.objects.log_actions(opal.pk, [opal], CHANGE, "Renamed.", single_object=True)
    set_text(key="terms", value="Moved and content.", actor=opal)


def fill_operations(dara: Client, opal: Client, evse: Evse) -> None:
    """What the operators' pages keep: a note, files in pieces of any bytes, a monthly report, an outage, an alert."""
    add_note(client=dara, text="Called about a Ü-Wagen.", author=opal)
    whole = {"by": "day", "form": "csv", "station": None, "recipients": ["opal@example.com"]}
    schedule = schedule_report(kind="usage", actor=opal, **whole)
    job = ReportJob.objects.create(kind="usage", form="pdf", once="2026-04", schedule=schedule, asked_by=opal)
    ReportPart.objects.create(job=job, number=0, data=bytes(range(256)))
    hand_in(
        pieces=[b"\x1f\x8b\x00", b"\xff"], file_name="s.csv.gz", source="csv", terms={}, actor=opal, job_id=new_id()
    )
    set_evse_status(evse=evse, status="faulted", actor=opal, reason="Cable cut.", cause="vandalism")
    record_alerts()
    StaleNetworkDay.objects.create(day=clock.now().date(), time_zone="Europe/Berlin")


def restore_groups() -> None:
    """What migrations made is not swept."""
    Group.objects.filter(name="night shift").delete()
    Group.objects.filter(name="guest").update(name="viewer")
