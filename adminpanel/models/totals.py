"""What ended days came to."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models import Station
from evbunker.models import Record


class DailyTotal(Record):
    """What one ended local day of one station came to, in one currency; a day without any row came to nothing.

    Every figure belongs to the currency of its booking or payment, so sums over rows count nothing twice. All but
    money is of the bookings confirmed on that day, whenever they charge: `bookings` those paid for (`no_shows` and
    `completed` among them, `first_bookings` the first of their clients), `cancelled` those given up since.
    `revenue_minor` is what `payments` captured that day less what of it goes back, whenever that is; `captured_minor`
    and `back_minor` are the two; `tax_minor` is the tax on the receipts of those payments less that on their credit
    notes, which come when money has gone back. `held` are the bookings begun on that day whose hold is over, paid or
    not, of which `held_paid` were paid for and `held_charged` also charged, to the end.
    `co2_saved_g` is net of the grid and covers `co2_known` of the `charges`; `estimated_energy_wh` is the part of
    `energy_wh` that no meter confirmed. The station's name, place and zone are as when the row was last made.
    """

    SUMS = (
        "bookings", "completed", "no_shows", "cancelled", "payments", "revenue_minor", "charges", "charging_minutes",
        "energy_wh", "estimated_energy_wh", "co2_saved_g", "co2_known", "first_bookings", "captured_minor",
        "back_minor", "tax_minor", "held", "held_paid", "held_charged",
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
    first_bookings = models.PositiveIntegerField(_("first bookings of clients"), default=0)
    captured_minor = models.PositiveBigIntegerField(_("captured"), default=0)
    back_minor = models.PositiveBigIntegerField(_("goes back"), default=0)
    tax_minor = models.BigIntegerField(_("tax in what stays"), default=0)
    held = models.PositiveIntegerField(_("held"), default=0)
    held_paid = models.PositiveIntegerField(_("held and paid"), default=0)
    held_charged = models.PositiveIntegerField(_("held, paid and charged"), default=0)
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


class DailyUse(Record):
    """How the EVSEs of one class were used on one ended local day of one station: what fell on that day, whenever it
    was booked; a day without any row had no EVSE of that class.

    Minutes are EVSE-minutes: two EVSEs open for an hour are 120. `evses` and `open_minutes` are as when the day was
    first summed up, of stations that could be booked. `booked_minutes` are of bookings that were paid for, by local
    hour in `hours` (24 of them; an hour that comes twice counts twice). Sessions belong to the day on which they ended;
    of those with a meter's reading `metered_wh` is what it said, `foreseen_wh` what was estimated from the booking.
    """

    SUMS = ("evses", "open_minutes", "booked_minutes", "sessions", "energy_wh", "metered", "metered_wh", "foreseen_wh")

    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField(_("day"))
    evse_class = models.CharField(_("class of EVSE"), max_length=12)
    evses = models.PositiveIntegerField(_("EVSEs"), default=0)
    open_minutes = models.PositiveIntegerField(_("open, minutes"), default=0)
    booked_minutes = models.PositiveIntegerField(_("booked, minutes"), default=0)
    hours = models.JSONField(_("booked by hour"), default=list)
    sessions = models.PositiveIntegerField(_("sessions"), default=0)
    energy_wh = models.PositiveBigIntegerField(_("energy, Wh"), default=0)
    metered = models.PositiveIntegerField(_("metered sessions"), default=0)
    metered_wh = models.PositiveBigIntegerField(_("metered energy, Wh"), default=0)
    foreseen_wh = models.PositiveBigIntegerField(_("energy foreseen for those, Wh"), default=0)
    station_time_zone = models.CharField(max_length=60)

    class Meta:
        verbose_name = _("daily use")
        verbose_name_plural = _("daily use")
        constraints = [models.UniqueConstraint(fields=["station", "day", "evse_class"], name="dailyuse_once")]
        indexes = [
            models.Index(fields=["station", "day"], name="dailyuse_station_day"),
            models.Index(fields=["day"], name="dailyuse_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.evse_class}"


class NetworkDay(Record):
    """What one ended day came to at all stations of a time zone: sums of their `DailyTotal` and `DailyUse` rows, so
    that a year of the network is read in as many rows as it has days.

    `figures`: {"money": {currency: {name of DailyTotal.SUMS: sum}}, "use": {class: {name of DailyUse.SUMS: sum,
    "hours": [24 sums]}}}.
    """

    day = models.DateField(_("day"))
    time_zone = models.CharField(_("time zone"), max_length=60)
    figures = models.JSONField(_("figures"), default=dict)

    class Meta:
        verbose_name = _("network's day")
        verbose_name_plural = _("network's days")
        constraints = [models.UniqueConstraint(fields=["day", "time_zone"], name="networkday_once")]
        indexes = [models.Index(fields=["day", "time_zone"], name="networkday_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.time_zone}"


class StaleNetworkDay(Record):
    """A mark that rows of a day changed at a station of a time zone, and with them the network's day: to those what
    `StaleDay` is to the rows of bookings and payments."""

    day = models.DateField(_("day"))
    time_zone = models.CharField(_("time zone"), max_length=60)

    class Meta:
        verbose_name = _("network's stale day")
        verbose_name_plural = _("network's stale days")
        indexes = [models.Index(fields=["day", "time_zone"], name="stalenetworkday_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.time_zone}"
