"""What operators may do with a report that is sent every month."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.acts import Act, Subject
from adminpanel.models import ReportSchedule
from adminpanel.report_schedules import Changed, last_month, remove_schedule, send_now, set_active, terms_of
from adminpanel.report_terms import KINDS
from bookings.models import Client
from evbunker.moments import format_moment


def _facts(schedule: ReportSchedule) -> list[str]:
    terms = terms_of(schedule, *last_month(schedule))
    return [str(KINDS.get(schedule.kind, schedule.kind)), terms.place, ", ".join(schedule.recipients)]


SCHEDULE = Subject(
    ReportSchedule, gettext_lazy("Reports"), lambda schedule: reverse("operations-reports-monthly"), _facts
)


def _will_send(schedule: ReportSchedule) -> str:
    names = {"title": terms_of(schedule, *last_month(schedule)).title, "to": ", ".join(schedule.recipients)}
    return _("%(title)s is made now and sent to %(to)s. The next monthly one is sent all the same.") % names


def _send(schedule: ReportSchedule, actor: Client, _note: str) -> str:
    send_now(schedule=schedule, actor=actor)
    return _("It is being made, and sent as soon as it is.")


def _pause(schedule: ReportSchedule, actor: Client, _note: str) -> str:
    if not set_active(schedule=schedule, active=False, actor=actor):
        raise Changed
    return _("Paused. Nothing is sent until somebody lets it go on.")


def _resume(schedule: ReportSchedule, actor: Client, _note: str) -> str:
    if not set_active(schedule=schedule, active=True, actor=actor):
        raise Changed
    when = format_moment(schedule.next_at, schedule.terms["zone"])
    return _("It goes on: the next one is sent on %(when)s.") % {"when": when}


def _remove(schedule: ReportSchedule, actor: Client, _note: str) -> str:
    remove_schedule(schedule=schedule, actor=actor)
    return _("Removed.")


ACTS: dict[str, Act] = {
    "send": Act(
        gettext_lazy("Send the last month now"), gettext_lazy("Make and send it"), "mail", SCHEDULE, _will_send,
        lambda schedule: "", _send, asks_why=False,
    ),
    "pause": Act(
        gettext_lazy("Pause the monthly report"), gettext_lazy("Pause it"), "minus", SCHEDULE,
        lambda schedule: _("Nothing is sent until somebody lets it go on. Months of the pause are not made up."),
        lambda schedule: "" if schedule.active else str(_("It is paused already.")), _pause, asks_why=False,
    ),
    "resume": Act(
        gettext_lazy("Let the monthly report go on"), gettext_lazy("Let it go on"), "check", SCHEDULE,
        lambda schedule: _("It is sent again, beginning with the month that runs now."),
        lambda schedule: str(_("It is not paused.")) if schedule.active else "", _resume, asks_why=False,
    ),
    "remove": Act(
        gettext_lazy("Remove the monthly report"), gettext_lazy("Remove it"), "close", SCHEDULE,
        lambda schedule: _("It is not sent any more. Files that were made stay for as long as any."),
        lambda schedule: "", _remove, asks_why=False,
    ),
}  # fmt: skip
