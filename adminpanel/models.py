"""What the operator sets, and what ended days came to."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models import Station
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


class DailyTotal(Record):
    """What one ended local day of one station came to, in one currency; a day without any row came to nothing.

    Every figure belongs to the currency of its booking or payment, so sums over rows count nothing twice. All but
    money is of the bookings confirmed on that day, whenever they charge: `bookings` those paid for (`no_shows` and
    `completed` among them), `cancelled` those given up since. `revenue_minor` is what `payments` captured that day
    less what of it goes back, whenever that is.
    `co2_saved_g` is net of the grid and covers `co2_known` of the `charges`; `estimated_energy_wh` is the part of
    `energy_wh` that no meter confirmed. The station's name, place and zone are as when the row was last made.
    """

    SUMS = (
        "bookings", "completed", "no_shows", "cancelled", "payments", "revenue_minor", "charges", "charging_minutes",
        "energy_wh", "estimated_energy_wh", "co2_saved_g", "co2_known",
    )  # fmt: skip

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField(_("day"))
    currency = models.CharField(_("currency"), max_length=3)
    bookings = models.PositiveIntegerField(_("bookings"), default=0)
    completed = models.PositiveIntegerField(_("completed"), default=0)
    no_shows = models.PositiveIntegerField(_("not used"), default=0)
    cancelled = models.PositiveIntegerField(_("cancelled"), default=0)
    payments = models.PositiveIntegerField(_("payments"), default=0)
    revenue_minor = models.PositiveBigIntegerField(_("revenue"), default=0)
    charges = models.PositiveIntegerField(_("charges"), default=0)
    charging_minutes = models.PositiveIntegerField(_("charging, minutes"), default=0)
    energy_wh = models.PositiveBigIntegerField(_("energy, Wh"), default=0)
    estimated_energy_wh = models.PositiveBigIntegerField(_("estimated energy, Wh"), default=0)
    co2_saved_g = models.BigIntegerField(_("CO₂ saved, g"), default=0)
    co2_known = models.PositiveIntegerField(_("charges with known CO₂"), default=0)
    station_name = models.CharField(max_length=200)
    station_city = models.CharField(max_length=120, blank=True)
    station_country = models.CharField(max_length=2, blank=True)
    station_time_zone = models.CharField(max_length=60)

    class Meta:
        verbose_name = _("daily total")
        verbose_name_plural = _("daily totals")
        constraints = [models.UniqueConstraint(fields=["station", "day", "currency"], name="dailytotal_once")]
        indexes = [
            models.Index(fields=["station", "day"], name="dailytotal_station_day"),
            models.Index(fields=["day"], name="dailytotal_day"),
        ]

    def __str__(self) -> str:
        return f"{self.station_name}, {self.day}"
