"""What the operator sets, notes and is warned of; when jobs were last done."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models import Client
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
    """One row a name: when what it names was last done to its end."""

    name = models.CharField(max_length=40, unique=True)
    beaten_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["name"], name="beat_name")]

    def __str__(self) -> str:
        return self.name


class ClientNote(Record):
    """What staff wrote down about a client. `author_id` as in the audit trail; `author` is its address then."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+", db_index=False)
    author_id = models.UUIDField()
    author = models.CharField(_("author"), max_length=254)
    text = models.TextField(_("text"))

    class Meta:
        verbose_name = _("note about a client")
        verbose_name_plural = _("notes about clients")
        indexes = [models.Index(fields=["client", "created_at"], name="clientnote_client")]

    def __str__(self) -> str:
        return self.text[:60]


class Alert(Record):
    """Something that needs an operator, since when, and when e-mail told of it; one row a `key` while it lasts.

    `sentence` is what it said when it began, and names nobody.
    """

    key = models.CharField(max_length=120, unique=True)
    sentence = models.CharField(_("alert"), max_length=300, default="")
    since = models.DateTimeField(_("since"))
    told_at = models.DateTimeField(_("told"), null=True, blank=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        indexes = [models.Index(fields=["key"], name="alert_key")]

    def __str__(self) -> str:
        return self.sentence or self.key
