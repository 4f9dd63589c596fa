"""Reports that are sent every month: each month once, however many schedulers run, and missed ones made up."""

import datetime as dt
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from adminpanel.models import ReportJob, ReportSchedule
from adminpanel.report_jobs import ask_for_report
from adminpanel.report_terms import KINDS, Terms, following_month, month_before
from bookings.models import Client, Station
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, claim, lowest
from evbunker.errors import DomainError
from evbunker.models import new_id

AT_HOUR = dt.time(6)
"""When it is sent on the first of a month, in its zone."""
OVER_EVERYWHERE = dt.timedelta(hours=12, minutes=30)
"""After midnight UTC: then the day before is over in the last time zone there is, and summed up."""
AT_ONCE = 20
WHO = "send_due_reports"


class Changed(DomainError):
    code = "changed"
    message = _("Somebody has changed this schedule meanwhile.")


def due_after(moment: dt.datetime, zone: ZoneInfo, *, everywhere: bool) -> dt.datetime:
    """When the month that `moment` lies in is reported: on the first of the next one, in `zone`.

    `everywhere`: all zones of the world must have ended it.
    """
    first = following_month(moment.astimezone(zone).date())
    due = dt.datetime.combine(first, AT_HOUR, zone).astimezone(dt.UTC)
    over = dt.datetime.combine(first, dt.time(), dt.UTC) + OVER_EVERYWHERE
    return max(due, over) if everywhere else due


@atomic
def schedule_report(
    *, kind: str, by: str, form: str, station: Station | None, recipients: Iterable[str], actor: Client
) -> ReportSchedule:  # fmt: skip
    """Have a report sent after every month, this one first. The zone is the station's, or else the actor's."""
    zone = station.zone if station else actor.zone
    terms = {"by": by, "station": str(station.pk) if station else None, "zone": zone.key}
    made = ReportSchedule.objects.create(
        kind=kind, terms=terms, form=form, recipients=sorted(set(recipients)),
        next_at=due_after(clock.now(), zone, everywhere=station is None),
    )  # fmt: skip
    record_change(actor=actor, action="report.scheduled", record=made, after=_facts(made))
    return made


@atomic
def set_active(*, schedule: ReportSchedule, active: bool, actor: Client) -> bool:
    """Pause it, or let it go on with the month that runs; False if that was so. Months of a pause are not made up."""
    changes: dict[str, Any] = {"active": active}
    if active:
        changes["next_at"] = due_after(clock.now(), _zone(schedule), everywhere=_is_everywhere(schedule))
    if not claim(ReportSchedule.objects.filter(pk=schedule.pk, active=not active), **changes):
        return False
    schedule.refresh_from_db()
    action = "report.resumed" if active else "report.paused"
    record_change(actor=actor, action=action, record=schedule, after={"next_at": schedule.next_at.isoformat()})
    return True


@atomic
def remove_schedule(*, schedule: ReportSchedule, actor: Client) -> None:
    """No more of it. Files made by it stay. Raises Changed if somebody was quicker."""
    ReportJob.objects.filter(schedule=schedule).update(schedule=None, updated_at=clock.now())
    if not ReportSchedule.objects.filter(pk=schedule.pk).delete()[0]:
        raise Changed
    record_change(actor=actor, action="report.unscheduled", record=schedule, before=_facts(schedule))


def send_now(*, schedule: ReportSchedule, actor: Client) -> ReportJob:
    """Have the report of the last month that is over made and sent, besides what the schedule sends by itself."""
    first, last = last_month(schedule)
    terms = terms_of(schedule, first, last)
    return ask_for_report(
        terms=terms, form=schedule.form, actor=actor, once=f"{schedule.pk}:now:{new_id()}", schedule=schedule
    )


def last_month(schedule: ReportSchedule) -> tuple[dt.date, dt.date]:
    """The last month that is over in the schedule's zone."""
    return month_before(clock.now().astimezone(_zone(schedule)).date())


def terms_of(schedule: ReportSchedule, first: dt.date, last: dt.date) -> Terms:
    return Terms.from_json(schedule.kind, {**schedule.terms, "first": str(first), "last": str(last)})


def send_due_reports() -> int:
    """Ask for every month that is due and was not asked for; how many. Safe to repeat and to run at once.

    Whoever moves a schedule on asks for its month, in one unit of work: so one does, and no month is left out.
    """
    asked = 0
    while due := _due():
        before = asked
        asked += sum(_ask(schedule) for schedule in due)
        if asked == before:  # others are at it
            break
    return asked


def _due() -> list[ReportSchedule]:
    waiting = ReportSchedule.objects.filter(active=True, next_at__lte=clock.now())
    return lowest(waiting, by="next_at", limit=AT_ONCE)


def _ask(schedule: ReportSchedule) -> bool:
    try:
        return _ask_for_month(schedule)
    except IntegrityError:  # the month was asked for already
        return False


@atomic
def _ask_for_month(schedule: ReportSchedule) -> bool:
    zone = _zone(schedule)
    following = due_after(schedule.next_at, zone, everywhere=_is_everywhere(schedule))
    as_read = ReportSchedule.objects.filter(pk=schedule.pk, active=True, next_at=schedule.next_at)
    if not claim(as_read, next_at=following):
        return False
    first, last = month_before(schedule.next_at.astimezone(zone).date())
    ask_for_report(
        terms=terms_of(schedule, first, last), form=schedule.form, actor=WHO, once=f"{schedule.pk}:{first:%Y-%m}",
        schedule=schedule,
    )  # fmt: skip
    return True


def _zone(schedule: ReportSchedule) -> ZoneInfo:
    return ZoneInfo(schedule.terms["zone"])


def _is_everywhere(schedule: ReportSchedule) -> bool:
    return not schedule.terms.get("station")


def _facts(schedule: ReportSchedule) -> dict[str, Any]:
    kind = str(KINDS.get(schedule.kind, schedule.kind))
    return {"report": kind, "format": schedule.form, "recipients": len(schedule.recipients), "terms": schedule.terms}
