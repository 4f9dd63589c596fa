"""Reports: their figures are the sums of the rows they come from, on the screen, in CSV and in PDF alike."""

import csv
import datetime as dt
import io
import random
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser
from pypdf import PdfReader

from adminpanel import report_jobs, report_mail
from adminpanel.models import JobState, ReportJob, ReportPart, ReportSchedule
from adminpanel.report_files import csv_of
from adminpanel.report_jobs import KEPT, ask_for_report, content_of, forget_reports, make_reports
from adminpanel.report_pdf import pdf_of
from adminpanel.report_schedules import due_after, schedule_report, send_due_reports, set_active
from adminpanel.report_tables import report_of
from adminpanel.report_terms import Terms, last_ended
from adminpanel.rollups import close_days
from adminpanel.working import LEASE, take_next
from bookings.models import Booking, Client, Evse, Outage, Station
from bookings.stations import refresh_station
from evbunker import clock
from evbunker.models import Change
from evbunker.money import format_money
from tests.adminpanel.desks import desk_of
from tests.adminpanel.history import ZONES, make_history, make_network
from tests.adminpanel.slow_days import slow_totals
from tests.bookings.test_hold_races import at_once
from tests.places import make_station

PAGE = "/operations/reports/"
A_DAY = dt.timedelta(days=1)
FIRST = dt.date(2020, 1, 1)


@pytest.fixture
def desk(opal: Client) -> Browser:
    return desk_of(opal)


def terms(kind: str, by: str = "day", station: Station | None = None, **days: dt.date) -> Terms:
    known = {"first": clock.now().date() - 10 * A_DAY, "last": clock.now().date()} | days
    return Terms(kind, by, station=station.pk if station else None, **known)


def table_of(text: str) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The rows and the sums of a CSV file, read as a spreadsheet does."""
    assert text.startswith("\ufeff")
    lines = list(csv.reader(io.StringIO(text[1:])))
    lines = lines[: lines.index([])]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    label = lines[0][0]
    return [row for row in rows if row[label] != "Total"], [row for row in rows if row[label] == "Total"]


def said(browser: Browser, **asked: Any) -> str:
    return browser.get(PAGE, asked).content.decode()


@pytest.fixture
def history(dara: Client) -> Iterator[Counter[tuple[str, str]]]:
    """Made-up days, closed; what all rows come to, by figure and currency."""
    make_history(dara, make_network(), seed=random.randrange(1000), rows=25)
    slow: Counter[tuple[str, str]] = Counter()
    for (_station, _day, currency), sums in slow_totals().items():
        for name, value in sums.items():
            slow[name, currency] += value
    with clock.shifted(4 * A_DAY):
        close_days()
        yield slow


def test_sums_on_the_screen_in_csv_and_in_pdf_are_those_of_the_raw_rows(
    desk: Browser, history: Counter[tuple[str, str]]
) -> None:
    currencies = sorted({currency for _name, currency in history})
    for by in ("day", "month", "station"):
        money = report_of(terms("financial", by))
        rows, totals = table_of("".join(csv_of(money)))
        assert [row["currency"] for row in totals] == [one for one in currencies if history["payments", one]]
        for total in totals:
            currency = total["currency"]
            came, back = history["captured_minor", currency], history["back_minor", currency]
            assert Decimal(total["Came"]) == Decimal(came) / 100
            assert Decimal(total["Stays"]) == Decimal(came - back) / 100
            assert Decimal(total["Net of tax"]) == Decimal(came - back - history["tax_minor", currency]) / 100
            assert total["Gateway's fees"] == ""
            for name in ("Payments", "Came", "Goes back", "Stays", "of which tax", "Net of tax"):
                own = [Decimal(row[name]) for row in rows if row["currency"] == currency]
                assert sum(own) == Decimal(total[name]), name
        energy = report_of(terms("energy", by))
        rows, [total] = table_of("".join(csv_of(energy)))
        assert Decimal(total["Energy (kWh)"]) * 1000 == sum(history["energy_wh", one] for one in currencies)
        assert Decimal(total["metered (kWh)"]) + Decimal(total["estimated (kWh)"]) == Decimal(total["Energy (kWh)"])
        assert Decimal(total["CO₂ saved (kg)"]) * 1000 == sum(history["co2_saved_g", one] for one in currencies)
        usage = report_of(terms("usage", by))
        rows, [total] = table_of("".join(csv_of(usage)))
        assert sum(int(row["Bookings"]) for row in rows) == int(total["Bookings"])
        assert int(total["Bookings"]) == sum(history["bookings", one] for one in currencies)
        assert sum(int(row["Booked (min)"]) for row in rows) == int(total["Booked (min)"])
    pages = PdfReader(io.BytesIO(pdf_of(report_of(terms("financial", "station"))))).pages
    text = "".join(word for page in pages for word in page.extract_text().split())
    shown = said(desk, kind="financial", by="station", first=terms("financial").first, last=terms("financial").last)
    for currency in currencies:
        if history["payments", currency]:
            kept = format_money(history["captured_minor", currency] - history["back_minor", currency], currency)
            assert "".join(kept.split()) in text
            assert kept in shown
    assert "notknown" in text
    assert all(row.label in text for row in report_of(terms("financial", "station")).rows)
    station = Station.objects.get(name=ZONES[1])
    own = report_of(terms("financial", "month", station)).totals
    assert sum(total.sums["captured_minor"] for total in own) == history["captured_minor", "EUR"]


def test_days_that_are_not_over_are_in_no_report_and_it_says_so(desk: Browser, station: Station) -> None:
    today = clock.now().date()
    assert last_ended(None) < today
    page = said(desk, kind="usage", by="day", first=today, last=today + A_DAY)
    assert "are not over yet and not in it" in page
    assert "Nothing happened on these days" in page
    assert "Europe/Berlin" in said(desk, kind="usage", by="day", first=today, last=today, station=str(station.pk))


def test_uptime_follows_the_rule(desk: Browser, evse: Evse, station: Station) -> None:
    made = clock.now() - 3 * A_DAY
    Evse.objects.filter(pk=evse.pk).update(created_at=made.replace(hour=0, minute=0, second=0))
    began = dt.datetime.combine((clock.now() - 2 * A_DAY).date(), dt.time(12), station.zone)
    facts = {"evse": evse, "station_id": evse.station_id, "cause": "equipment"}
    Outage.objects.create(began_at=began, ended_at=began + dt.timedelta(hours=6), **facts)
    day = began.date()
    [row] = report_of(terms("uptime", "day", first=day, last=day)).rows
    assert (row.sums["outage_seconds"], row.sums["excluded_seconds"]) == (6 * 3600, 0)
    assert "75.00 %" in said(desk, kind="uptime", by="day", first=day, last=day)
    assert "680.116" in said(desk, kind="uptime", by="station", first=day, last=day)


def test_a_name_is_no_formula_in_a_spreadsheet(history: Any) -> None:
    Station.objects.filter(name=ZONES[0]).update(name='=HYPERLINK("http://evil","x")')
    Station.objects.filter(name=ZONES[1]).update(name="@Berlin")
    rows, _totals = table_of("".join(csv_of(report_of(terms("usage", "station")))))
    names = {row["station"] for row in rows}
    assert "'@Berlin" in names
    assert any(name.startswith("'=HYPERLINK") for name in names)


def test_a_worker_that_was_killed_in_the_middle_is_followed_and_the_file_is_whole(
    history: Any, opal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_jobs, "PART_BYTES", 200)
    job = ask_for_report(terms=terms("usage"), form="csv", actor=opal)
    killed = take_next(ReportJob)
    assert killed == job
    for number in range(3):
        report_jobs._store(killed, number, b"half of an older file")
    assert make_reports() == 0, "its lease is not over"
    with clock.shifted(LEASE + dt.timedelta(seconds=1)):
        assert make_reports() == 1
        job.refresh_from_db()
        assert (job.state, job.taken) == (JobState.DONE, 2)
        assert b"".join(content_of(job)).decode() == "".join(csv_of(report_of(terms("usage"))))
        assert ReportPart.objects.filter(job=job).count() > 3


def test_operators_have_files_made_which_are_kept_for_a_while(
    desk: Browser, history: Any, opal: Client, vera: Client
) -> None:
    asked = {name: str(value) for name, value in terms("financial").as_json().items() if value != "None"}
    asked = {"kind": "financial", "by": "day", "first": asked["first"], "last": asked["last"]}
    assert desk_of(vera).post(f"{PAGE}make/", asked | {"form": "csv"}).status_code == 403
    assert desk.post(f"{PAGE}make/", asked | {"form": "exe"})["Location"].startswith(f"{PAGE}?")
    for form, begins in (("pdf", b"%PDF"), ("csv", "\ufeff".encode())):
        page = desk.post(f"{PAGE}make/", asked | {"form": form})["Location"]
        assert "It waits for its turn." in desk.get(page).content.decode()
        assert desk.get(f"{page}file/").status_code == 404
        assert make_reports() == 1
        file = desk_of(vera).get(f"{page}file/")
        assert file.content.startswith(begins)
        assert re.search(rf'filename="financial-.*\.{form}"', file["Content-Disposition"])
    assert Change.objects.filter(action="report.asked", actor=opal.email).count() == 2
    with clock.shifted(KEPT + A_DAY):
        assert forget_reports() == 2
        assert ReportPart.objects.count() == 0
        assert desk.get(f"{page}file/").status_code == 404


def test_what_cannot_be_asked_is_said(desk: Browser, station: Station) -> None:
    make_station("Harbour north", tariff=None)
    for one in Station.objects.all():
        refresh_station(one)
    asked = {"kind": "usage", "by": "day", "first": "2026-01-01", "last": "2026-01-31"}
    for wrong, words in (
        ({"last": "2025-01-01"}, "This day is before the first one."),
        ({"first": "2001-01-01"}, "At most ten years at once."),
        ({"first": "1001-01-01", "last": "1001-01-02"}, "There is nothing on such days."),
        ({"first": "soon"}, "Enter a valid date."),
        ({"kind": "secrets"}, "Select a valid choice."),
        ({"station": "Nowhere"}, "No station is called so."),
        ({"station": "harb"}, "Several are called so: Harbour (Berlin), Harbour north (Berlin)"),
    ):
        assert words in said(desk, **(asked | wrong)), wrong
    assert "Usage, Harbour, 2026-01-01 to 2026-01-31" in said(desk, **(asked | {"station": "Harbour"}))
    assert "This is a long one" in said(desk, **(asked | {"first": "2018-01-01"}))


def monthly(actor: Client, station: Station | None = None, **fields: Any) -> ReportSchedule:
    facts = {"kind": "usage", "by": "day", "form": "csv", "recipients": ["books@example.org", "boss@example.org"]}
    return schedule_report(station=station, actor=actor, **(facts | fields))


def test_a_month_ends_when_its_zone_or_the_whole_world_has_ended_it() -> None:
    from zoneinfo import ZoneInfo

    def due(moment: str, zone: str, everywhere: bool) -> str:
        at = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)
        return due_after(at, ZoneInfo(zone), everywhere=everywhere).isoformat()[:16]

    assert due("2026-11-15T12:00", "Europe/Berlin", everywhere=False) == "2026-12-01T05:00"
    assert due("2026-11-15T12:00", "Europe/Berlin", everywhere=True) == "2026-12-01T12:30"
    assert due("2026-11-30T12:00", "Pacific/Kiritimati", everywhere=False) == "2026-12-31T16:00"
    assert due("2026-12-01T08:00", "Pacific/Pago_Pago", everywhere=True) == "2026-12-01T17:00"


@pytest.mark.race
def test_each_month_is_asked_for_once_whoever_runs_and_missed_ones_are_made_up(
    opal: Client, station: Station, evse: Evse
) -> None:
    schedules = [monthly(opal), monthly(opal, station)]
    assert send_due_reports() == 0
    with clock.shifted(65 * A_DAY):
        assert at_once([send_due_reports] * 4) == {"won": 4}
        assert send_due_reports() == 0
        due = {schedule.pk: ReportSchedule.objects.get(pk=schedule.pk).next_at for schedule in schedules}
        assert all(clock.now() < at < clock.now() + 32 * A_DAY for at in due.values())
        for schedule in schedules:
            jobs = list(ReportJob.objects.filter(schedule=schedule))
            months = sorted((job.terms["first"], job.terms["last"]) for job in jobs)
            assert len(jobs) == len(set(months)) >= 2
            assert all(first.endswith("-01") and first[:7] == last[:7] for first, last in months)
        at_once([make_reports] * 2)
        make_reports()
    assert ReportJob.objects.exclude(state=JobState.DONE).count() == 0
    assert len(mail.outbox) == ReportJob.objects.count()
    assert all(letter.to == ["books@example.org", "boss@example.org"] for letter in mail.outbox)
    [attached] = mail.outbox[0].attachments
    assert attached[0].endswith(".csv")


def test_a_paused_one_sends_nothing_and_goes_on_with_the_month_that_runs(opal: Client) -> None:
    schedule = monthly(opal)
    assert set_active(schedule=schedule, active=False, actor=opal)
    assert not set_active(schedule=schedule, active=False, actor=opal)
    with clock.shifted(95 * A_DAY):
        assert send_due_reports() == 0
        assert set_active(schedule=schedule, active=True, actor=opal)
        assert send_due_reports() == 0
        schedule.refresh_from_db()
        assert clock.now() < schedule.next_at < clock.now() + 32 * A_DAY


def test_an_operator_sends_the_months_report(desk: Browser, opal: Client, vera: Client, history: Any) -> None:
    page = f"{PAGE}monthly/"
    assert "No report is sent every month" in desk.get(page).content.decode()
    assert "Add one" not in desk_of(vera).get(page).content.decode()
    asked = {"kind": "financial", "by": "station", "form": "pdf", "recipients": "books@example.org, boss"}
    assert desk_of(vera).post(page, asked).status_code == 403
    answer = desk.post(page, asked)
    assert answer.status_code == 422
    assert "Enter a valid email address." in answer.content.decode()
    answer = desk.post(page, asked | {"recipients": "books@example.org; boss@example.org"}, follow=True)
    assert "The first one is sent on" in answer.content.decode()
    schedule = ReportSchedule.objects.get()
    for act in ("send", "pause", "resume"):
        assert desk.get(f"{page}{schedule.pk}/{act}/").status_code == 200
        assert desk.post(f"{page}{schedule.pk}/{act}/").status_code == 303, act
    assert desk.post(f"{page}{schedule.pk}/resume/").status_code == 409
    make_reports()
    [letter] = mail.outbox
    assert letter.subject.startswith("Report: Financial, All stations")
    assert letter.attachments[0][1].startswith(b"%PDF")
    assert desk.post(f"{page}{schedule.pk}/remove/").status_code == 303
    assert not ReportSchedule.objects.exists()
    assert ReportJob.objects.get().schedule_id is None
    done = set(Change.objects.filter(record_id=schedule.pk).values_list("action", flat=True))
    assert done == {"report.scheduled", "report.paused", "report.resumed", "report.unscheduled"}


def test_a_mail_server_that_is_away_is_asked_again_and_a_large_file_is_a_link(
    opal: Client, monkeypatch: pytest.MonkeyPatch, desk: Browser
) -> None:
    monthly(opal)
    with clock.shifted(32 * A_DAY):
        assert send_due_reports() == 1

        def away(*_args: Any) -> None:
            raise ConnectionRefusedError

        with monkeypatch.context() as patched:
            patched.setattr(report_jobs, "send_report", away)
            make_reports()
        assert ReportJob.objects.get().state == JobState.RUNNING
        monkeypatch.setattr(report_mail, "MOST_BYTES", 10)
        with clock.shifted(LEASE + dt.timedelta(seconds=1)):
            make_reports()
    job = ReportJob.objects.get()
    assert job.state == JobState.DONE
    [letter] = mail.outbox
    assert not letter.attachments
    assert f"/operations/reports/{job.pk}/" in letter.body
    assert Booking.objects.count() == 0
