"""Work that a page asks for and a worker does."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models import Client
from evbunker.models import Record


class JobState(models.TextChoices):
    """How far work is that a page asked for and a worker does."""

    WAITING = "waiting", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class Job(Record):
    """Base of work that runs outside the request. A worker owns it until `lease_until`; then another may take over.

    `done` of `total` steps are done (0 of 0: not yet known); `error` is a sentence for whoever asked. `taken` counts
    how often a worker took it (`adminpanel/working.py`).
    """

    state = models.CharField(_("state"), max_length=8, choices=JobState.choices, default=JobState.WAITING)
    asked_by = models.ForeignKey(Client, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    taken = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)

    class Meta(Record.Meta):
        abstract = True


class ReportSchedule(Record):
    """A report that is made and sent by e-mail after each month. `next_at`: when the next one is due."""

    kind = models.CharField(_("report"), max_length=20)
    terms = models.JSONField(default=dict)
    form = models.CharField(_("format"), max_length=4)
    recipients = models.JSONField(_("recipients"), default=list)
    next_at = models.DateTimeField(_("next"))
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("scheduled report")
        verbose_name_plural = _("scheduled reports")
        indexes = [models.Index(fields=["active", "next_at"], name="reportschedule_due")]

    def __str__(self) -> str:
        return self.kind


class ReportJob(Job):
    """A report being made, and then its file, in `ReportPart`s. `terms`: its range and what it is narrowed to."""

    kind = models.CharField(_("report"), max_length=20)
    terms = models.JSONField(default=dict)
    form = models.CharField(_("format"), max_length=4)
    file_name = models.CharField(max_length=120, blank=True)
    schedule = models.ForeignKey(
        ReportSchedule, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    once = models.CharField(max_length=80, unique=True)
    """What it is for: a schedule's month, or its own id; nothing is made twice."""

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        indexes = [
            models.Index(fields=["state", "created_at"], name="reportjob_state"),
            models.Index(fields=["created_at"], name="reportjob_created"),
            models.Index(fields=["once"], name="reportjob_once_for"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.created_at:%Y-%m-%d}"


class ReportPart(Record):
    """A piece of a report's file, at most a megabyte."""

    job = models.ForeignKey(ReportJob, on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        verbose_name = _("part of a report")
        verbose_name_plural = _("parts of reports")
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="reportpart_once")]
        indexes = [models.Index(fields=["job", "number"], name="reportpart_job")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.number}"


class StationImport(Job):
    """A file of stations that somebody handed in: looked through first, and taken in when that was agreed to.

    Its content is in `StationImportPart`s. `terms`: of which kind it is, and what rows get that say nothing themselves.
    `summary` is what a look found that would change, or what was changed; `agreed_at` None: nobody has agreed yet.
    """

    source = models.CharField(_("source"), max_length=60)
    file_name = models.CharField(_("file"), max_length=200)
    terms = models.JSONField(default=dict)
    summary = models.JSONField(default=dict)
    agreed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("import of stations")
        verbose_name_plural = _("imports of stations")
        indexes = [
            models.Index(fields=["state", "created_at"], name="stationimport_state"),
            models.Index(fields=["created_at"], name="stationimport_created"),
        ]

    def __str__(self) -> str:
        return self.file_name


class StationImportPart(Record):
    """A piece of a file of stations, at most a megabyte; deleted when the file has been taken in or given up."""

    job = models.ForeignKey(StationImport, on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        verbose_name = _("part of a file of stations")
        verbose_name_plural = _("parts of files of stations")
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="stationimportpart_once")]
        indexes = [models.Index(fields=["job", "number"], name="stationimportpart_job")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.number}"
