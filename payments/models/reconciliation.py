"""Whether a gateway's books and ours say the same of a day."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from evbunker.models import Record


class Reconciliation(Record):
    """One UTC day of one gateway, compared both ways. `sums` holds minor units by currency; `differences` says what
    is in one of the books alone or differs, a line each, at most MOST_LINES."""

    MOST_LINES = 100

    class State(models.TextChoices):
        EQUAL = "equal", _("equal")
        DIFFERS = "differs", _("differs")
        EXPLAINED = "explained", _("differs, explained")

    gateway = models.CharField(max_length=20)
    day = models.DateField(_("day, UTC"))
    state = models.CharField(max_length=10, choices=State.choices)
    sums = models.JSONField(default=dict)
    differences = models.JSONField(default=list)
    checked_at = models.DateTimeField(_("compared"))

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        constraints = [models.UniqueConstraint(fields=["gateway", "day"], name="reconciliation_once")]
        indexes = [
            models.Index(fields=["gateway", "day"], name="reconciliation_gateway_day"),
            models.Index(fields=["state", "day"], name="reconciliation_state"),
            models.Index(fields=["day"], name="reconciliation_day"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.day}: {self.get_state_display()}"
