"""What charging saved: one row a booking, one sum a client; and which days are to be summed up again."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking
from bookings.models.client import Client
from bookings.models.session import EnergySource
from bookings.models.station import Station
from evbunker.models import Record


class EcoStat(Record):
    """The impact of one paid booking, with the factors it was computed from (`bookings/eco.py`).

    Grams, metres, millilitres; may be negative where the grid is dirty or charging dear. `money_saved_minor` and
    `fuel_saved_ml` are None where a factor is missing. `day` is the station's local day of the confirmation.
    """

    booking = models.OneToOneField(Booking, on_delete=models.CASCADE, related_name="eco_stat")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="+", db_index=False)
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField(_("day"))
    charging_minutes = models.PositiveIntegerField()
    energy_wh = models.PositiveIntegerField()
    distance_m = models.PositiveIntegerField()
    co2_saved_g = models.BigIntegerField(null=True, blank=True)
    money_saved_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    fuel_saved_ml = models.BigIntegerField(null=True, blank=True)
    source = models.CharField(max_length=10, choices=EnergySource.choices, default=EnergySource.ESTIMATED)
    factors = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("eco stat")
        verbose_name_plural = _("eco stats")
        indexes = [
            models.Index(fields=["booking"], name="ecostat_booking"),
            models.Index(fields=["client", "day"], name="ecostat_client_day"),
            models.Index(fields=["day"], name="ecostat_day"),
            models.Index(fields=["station", "day"], name="ecostat_station_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.energy_wh} Wh"


class ClientTotal(Record):
    """The sum of a client's eco stats, kept in step in the same unit of work. `money_saved` is {currency: minor}."""

    client = models.OneToOneField(Client, on_delete=models.CASCADE, related_name="total")
    sessions = models.PositiveIntegerField(default=0)
    charging_minutes = models.PositiveBigIntegerField(default=0)
    energy_wh = models.PositiveBigIntegerField(default=0)
    estimated_energy_wh = models.PositiveBigIntegerField(default=0)
    distance_m = models.PositiveBigIntegerField(default=0)
    co2_saved_g = models.BigIntegerField(default=0)
    fuel_saved_ml = models.BigIntegerField(default=0)
    money_saved = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("client total")
        verbose_name_plural = _("client totals")
        indexes = [
            models.Index(fields=["client"], name="clienttotal_client"),
            models.Index(fields=["co2_saved_g"], name="clienttotal_co2"),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} {self.energy_wh} Wh"


class StaleDay(Record):
    """A mark that figures of a station's local day changed; the unit of work that changes them inserts one.

    Never looked for by whoever marks, so marks of one day may be many and wait for nobody. Whoever sums up the day
    deletes them in the unit that reads the day's rows. `ends_at` is the end of that day at the station.
    """

    station = models.ForeignKey(Station, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField(_("day"))
    ends_at = models.DateTimeField()

    class Meta:
        verbose_name = _("stale day")
        verbose_name_plural = _("stale days")
        indexes = [
            models.Index(fields=["station", "day"], name="staleday_station_day"),
            models.Index(fields=["ends_at"], name="staleday_ends"),
        ]

    def __str__(self) -> str:
        return f"{self.station_id} {self.day}"
