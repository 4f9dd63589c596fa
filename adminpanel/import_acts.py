"""What operators may do with a file of stations that was looked through."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from adminpanel.acts import Act, NotPossible, Subject
from adminpanel.import_jobs import agree, drop, has_file, look_again
from adminpanel.models import JobState, StationImport
from bookings.models import Client


def import_page(job: StationImport) -> str:
    return reverse("operations-import", args=[job.pk])


IMPORT = Subject(
    StationImport, gettext_lazy("Import"), import_page, lambda job: [job.file_name, _("source: %s") % job.source]
)


def _will_agree(job: StationImport) -> str:
    found = {name: job.summary.get(name, 0) for name in ("new", "changed", "gone", "refused", "unchanged")}
    parts = {
        "new": ngettext("%(new)s station is added.", "%(new)s stations are added.", found["new"]),
        "changed": ngettext("%(changed)s station is changed.", "%(changed)s stations are changed.", found["changed"]),
        "gone": ngettext("%(gone)s station is closed.", "%(gone)s stations are closed.", found["gone"]),
        "refused": ngettext("%(refused)s row is left out.", "%(refused)s rows are left out.", found["refused"]),
    }
    said = [part % found for name, part in parts.items() if found[name]] or [_("Nothing changes.")]
    return " ".join([*said, _("Stations that the file does not name stay as they are, and so do all bookings.")])


def _not_agreeable(job: StationImport) -> str:
    if job.agreed_at is not None:
        return str(_("Somebody has agreed to this already."))
    return "" if job.state == JobState.DONE else str(_("It has not been looked through."))


def _agree(job: StationImport, actor: Client, _note: str) -> str:
    if not agree(job=job, actor=actor):
        raise NotPossible(_("Somebody has agreed to this already."))
    return _("The stations are being taken in.")


def _not_again(job: StationImport) -> str:
    if job.state in {JobState.WAITING, JobState.RUNNING}:
        return str(_("A worker has it now."))
    return "" if has_file(job) else str(_("The file is gone: hand it in once more."))


def _again(job: StationImport, actor: Client, _note: str) -> str:
    if not look_again(job=job, actor=actor):
        raise NotPossible(_("Meanwhile somebody else has done something with it."))
    return _("It is looked through once more.")


def _drop(job: StationImport, actor: Client, _note: str) -> str:
    if not drop(job=job, actor=actor):
        raise NotPossible(_("Meanwhile somebody else has done something with it."))
    return _("It is dropped.")


ACTS = {
    "agree": Act(
        gettext_lazy("Take the stations in"), gettext_lazy("Take them in"), "check", IMPORT,
        _will_agree, _not_agreeable, _agree, asks_why=False,
    ),
    "again": Act(
        gettext_lazy("Look through it again"), gettext_lazy("Look again"), "refresh", IMPORT,
        lambda job: _("The file is compared once more with the stations as they are now. Nothing is changed."),
        _not_again, _again, asks_why=False,
    ),
    "drop": Act(
        gettext_lazy("Drop the import"), gettext_lazy("Drop it"), "close", IMPORT,
        lambda job: _("The file is deleted. No station is changed."), _not_agreeable, _drop, asks_why=False,
    ),
}  # fmt: skip


def acts_of(job: StationImport) -> list[tuple[str, object, str]]:
    """What can be done now: the name in the address, what it is called, its icon."""
    return [(name, act.title, act.icon) for name, act in ACTS.items() if not act.why_not(job)]
