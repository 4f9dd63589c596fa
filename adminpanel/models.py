"""What the operator sets."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from evbunker.models import Record


class Setting(Record):
    """One text or value that the operator edits; `adminpanel/texts.py` lists the keys and their defaults."""

    key = models.CharField(_("key"), max_length=60, unique=True)
    value = models.TextField(_("value"), blank=True)

    class Meta:
        verbose_name = _("setting")
        verbose_name_plural = _("settings")
        indexes = [models.Index(fields=["key"], name="setting_key")]

    def __str__(self) -> str:
        return self.key


class Beat(Record):
    """One row a name: when the scheduler last finished a job."""

    name = models.CharField(max_length=40, unique=True)
    beaten_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["name"], name="beat_name")]

    def __str__(self) -> str:
        return self.name
