"""Stations, their EVSEs and tariffs."""

from typing import Self
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models.client import Client
from evbunker.models import Record


class Connector(models.TextChoices):
    """Connector standards, named as in OCPI 2.2.1 (`ConnectorType`), with the names drivers know."""

    CHADEMO = "CHADEMO", "CHAdeMO"
    CHAOJI = "CHAOJI", "ChaoJi"
    DOMESTIC_A = "DOMESTIC_A", _("Socket type A")
    DOMESTIC_B = "DOMESTIC_B", _("Socket type B (NEMA 5-15)")
    DOMESTIC_C = "DOMESTIC_C", _("Socket type C (Europlug)")
    DOMESTIC_D = "DOMESTIC_D", _("Socket type D")
    DOMESTIC_E = "DOMESTIC_E", _("Socket type E")
    DOMESTIC_F = "DOMESTIC_F", _("Socket type F (Schuko)")
    DOMESTIC_G = "DOMESTIC_G", _("Socket type G (BS 1363)")
    DOMESTIC_H = "DOMESTIC_H", _("Socket type H")
    DOMESTIC_I = "DOMESTIC_I", _("Socket type I")
    DOMESTIC_J = "DOMESTIC_J", _("Socket type J")
    DOMESTIC_K = "DOMESTIC_K", _("Socket type K")
    DOMESTIC_L = "DOMESTIC_L", _("Socket type L")
    DOMESTIC_M = "DOMESTIC_M", _("Socket type M")
    DOMESTIC_N = "DOMESTIC_N", _("Socket type N")
    DOMESTIC_O = "DOMESTIC_O", _("Socket type O")
    GBT_AC = "GBT_AC", "GB/T AC"
    GBT_DC = "GBT_DC", "GB/T DC"
    IEC_60309_2_SINGLE_16 = "IEC_60309_2_single_16", _("Industrial, 1 phase 16 A")
    IEC_60309_2_THREE_16 = "IEC_60309_2_three_16", _("Industrial, 3 phases 16 A")
    IEC_60309_2_THREE_32 = "IEC_60309_2_three_32", _("Industrial, 3 phases 32 A")
    IEC_60309_2_THREE_64 = "IEC_60309_2_three_64", _("Industrial, 3 phases 64 A")
    IEC_62196_T1 = "IEC_62196_T1", _("Type 1 (J1772)")
    IEC_62196_T1_COMBO = "IEC_62196_T1_COMBO", "CCS1"
    IEC_62196_T2 = "IEC_62196_T2", _("Type 2")
    IEC_62196_T2_COMBO = "IEC_62196_T2_COMBO", "CCS2"
    IEC_62196_T3A = "IEC_62196_T3A", _("Type 3A")
    IEC_62196_T3C = "IEC_62196_T3C", _("Type 3C")
    NEMA_5_20 = "NEMA_5_20", "NEMA 5-20"
    NEMA_6_30 = "NEMA_6_30", "NEMA 6-30"
    NEMA_6_50 = "NEMA_6_50", "NEMA 6-50"
    NEMA_10_30 = "NEMA_10_30", "NEMA 10-30"
    NEMA_10_50 = "NEMA_10_50", "NEMA 10-50"
    NEMA_14_30 = "NEMA_14_30", "NEMA 14-30"
    NEMA_14_50 = "NEMA_14_50", "NEMA 14-50"
    PANTOGRAPH_BOTTOM_UP = "PANTOGRAPH_BOTTOM_UP", _("Pantograph, bottom up")
    PANTOGRAPH_TOP_DOWN = "PANTOGRAPH_TOP_DOWN", _("Pantograph, top down")
    TESLA_R = "TESLA_R", "Tesla Roadster"
    TESLA_S = "TESLA_S", "Tesla"
    NACS = "NACS", "NACS"


class Tariff(Record):
    """The price rule of stations. Money in minor units of `currency`; basis points are 1/10,000.

    Cancelling is free until `free_cancel_hours` before the start; later `late_refund_bp` of what was paid comes back;
    who does not show up gets all but `no_show_fee_bp` of it.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    currency = models.CharField(_("currency"), max_length=3)
    session_fee_minor = models.PositiveIntegerField(_("fee a session"), default=0)
    per_hour_minor = models.PositiveIntegerField(_("price an hour"), default=0)
    per_kwh_minor = models.PositiveIntegerField(_("price a kWh"), default=0)
    idle_per_minute_minor = models.PositiveIntegerField(_("price an idle minute"), default=0)
    tax_bp = models.PositiveIntegerField(_("tax, basis points"), default=0, help_text=_("Included in the prices."))
    free_cancel_hours = models.PositiveIntegerField(_("free cancelling until, hours before"), default=2)
    late_refund_bp = models.PositiveIntegerField(_("refund after that, basis points"), default=5000)
    no_show_fee_bp = models.PositiveIntegerField(_("kept when nobody comes, basis points"), default=10000)

    class Meta:
        verbose_name = _("tariff")
        verbose_name_plural = _("tariffs")
        indexes = [models.Index(fields=["name"], name="tariff_name")]

    def __str__(self) -> str:
        return f"{self.name} ({self.currency})"


class StationQuerySet(models.QuerySet["Station"]):
    def listed(self) -> Self:
        """What drivers may see: everything but retired stations."""
        return self.exclude(status=Station.Status.RETIRED)

    def visible_to(self, client: Client | None) -> Self:
        """Staff see all stations; drivers and strangers those not retired."""
        return self if client is not None and client.acts_as_staff() else self.listed()


class Station(Record):
    """A place with EVSEs. What is not editable is derived, by `bookings.stations.refresh_station`."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        CLOSED = "closed", _("closed")
        RETIRED = "retired", _("retired")

    name = models.CharField(_("name"), max_length=200)
    network = models.CharField(_("network"), max_length=120, blank=True)
    address = models.CharField(_("address"), max_length=250, blank=True)
    city = models.CharField(_("city"), max_length=120, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("ISO 3166-1, two letters"))
    latitude = models.FloatField(_("latitude"))
    longitude = models.FloatField(_("longitude"))
    time_zone = models.CharField(_("time zone"), max_length=60)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE)
    opening_hours = models.JSONField(
        _("opening hours"), default=dict, blank=True, help_text=_("Empty means always open; see bookings/opening.py.")
    )
    tariff = models.ForeignKey(Tariff, null=True, blank=True, on_delete=models.PROTECT, related_name="stations")
    source = models.CharField(_("source"), max_length=60, default="local")
    source_id = models.CharField(_("id at the source"), max_length=120)
    source_hash = models.CharField(max_length=64, blank=True, editable=False)

    bookable = models.BooleanField(_("bookable"), default=False, editable=False)
    evse_count = models.PositiveIntegerField(_("EVSEs"), default=0, editable=False)
    max_power_w = models.PositiveIntegerField(_("most power, W"), default=0, editable=False)
    connector_types = models.JSONField(_("connectors"), default=list, editable=False)
    sort_key = models.CharField(max_length=260, default="", editable=False)

    objects = StationQuerySet.as_manager()

    class Meta:
        verbose_name = _("station")
        verbose_name_plural = _("stations")
        constraints = [models.UniqueConstraint(fields=["source", "source_id"], name="station_source_once")]
        indexes = [
            models.Index(fields=["source", "source_id"], name="station_source"),
            models.Index(fields=["latitude", "longitude"], name="station_place"),
            models.Index(fields=["sort_key"], name="station_sort"),
            models.Index(fields=["status"], name="station_status"),
            models.Index(fields=["created_at"], name="station_created"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class EvseQuerySet(models.QuerySet["Evse"]):
    def bookable(self) -> Self:
        """EVSEs that can serve a car later even if one is there now."""
        return self.exclude(status__in=[Evse.Status.FAULTED, Evse.Status.OUT_OF_SERVICE])


class Evse(Record):
    """The unit one car charges at; what a driver books."""

    class Current(models.TextChoices):
        AC = "ac", "AC"
        DC = "dc", "DC"

    class Status(models.TextChoices):
        AVAILABLE = "available", _("available")
        OCCUPIED = "occupied", _("occupied")
        FAULTED = "faulted", _("faulted")
        OUT_OF_SERVICE = "out_of_service", _("out of service")

    station = models.ForeignKey(Station, on_delete=models.CASCADE, related_name="evses")
    label = models.CharField(_("label"), max_length=60)
    source_id = models.CharField(_("id at the source"), max_length=120, blank=True)
    current = models.CharField(_("current"), max_length=2, choices=Current.choices)
    max_power_w = models.PositiveIntegerField(_("most power, W"))
    connector_types = models.JSONField(_("connectors"), default=list)
    status = models.CharField(_("status"), max_length=20, choices=Status.choices, default=Status.AVAILABLE)
    ocpp_identity = models.CharField(_("OCPP identity"), max_length=60, null=True, blank=True)

    objects = EvseQuerySet.as_manager()

    class Meta:
        verbose_name = _("EVSE")
        verbose_name_plural = _("EVSEs")
        indexes = [
            models.Index(fields=["status"], name="evse_status"),
            models.Index(fields=["ocpp_identity"], name="evse_ocpp"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_bookable(self) -> bool:
        return self.status not in {self.Status.FAULTED, self.Status.OUT_OF_SERVICE}


class Outage(Record):
    """A time in which an EVSE could not charge anybody; `ended_at` is None while it lasts.

    Written in the unit of work that changes the EVSE's status. Causes are those of 23 CFR 680.116(b)(3), which leaves
    all but `unknown` and `equipment` out of the time that counts against uptime.
    """

    class Cause(models.TextChoices):
        UNKNOWN = "unknown", _("not known")
        EQUIPMENT = "equipment", _("equipment")
        UTILITY = "utility", _("power cut of the utility")
        VEHICLE = "vehicle", _("fault of a vehicle")
        MAINTENANCE = "maintenance", _("scheduled maintenance")
        VANDALISM = "vandalism", _("vandalism")
        DISASTER = "disaster", _("natural disaster")

    evse = models.ForeignKey(Evse, on_delete=models.CASCADE, related_name="+", db_index=False)
    station = models.ForeignKey(Station, on_delete=models.CASCADE, related_name="+", db_index=False)
    began_at = models.DateTimeField(_("began"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    cause = models.CharField(_("cause"), max_length=12, choices=Cause.choices, default=Cause.UNKNOWN)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("outage")
        verbose_name_plural = _("outages")
        indexes = [
            models.Index(fields=["evse", "began_at"], name="outage_evse_began"),
            models.Index(fields=["station", "began_at"], name="outage_station_began"),
            models.Index(fields=["ended_at"], name="outage_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M} UTC: {self.get_cause_display()}"


class SearchWord(Record):
    """A lower-case word by which a station or a client is found; read by an indexed range, so beginnings match."""

    word = models.CharField(max_length=80)
    station = models.ForeignKey(Station, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    client = models.ForeignKey(Client, null=True, blank=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("search word")
        verbose_name_plural = _("search words")
        indexes = [models.Index(fields=["word", "client"], name="searchword_word_client")]

    def __str__(self) -> str:
        return self.word
