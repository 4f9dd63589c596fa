"""What the page of settings shows and nobody changes there: the server's own. Secrets are never read out."""

import importlib.metadata
import platform
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.setting_values import LIMITS_SECONDS
from bookings.claims import MOST_HOLDS
from bookings.models import Tariff
from evbunker.db import engine_name, newest
from evbunker.moments import format_minutes
from payments.gateways import KNOWN, may_use, offered
from payments.models import WebhookEvent

Fact = tuple[str | Promise, str]

SECRETS = {
    "stripe": ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_ACCOUNT"),
    "razorpay": ("RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET", "RAZORPAY_WEBHOOK_SECRET", "RAZORPAY_ACCOUNT"),
    "sandbox": ("SANDBOX_WEBHOOK_SECRET",),
}
"""Settings of each gateway of which only is told whether they are set."""
LETTERS = (
    gettext_lazy("Booked: when a payment confirms a booking, with its receipt"),
    gettext_lazy("Changed: when a booking was moved, made longer or shorter"),
    gettext_lazy("Cancelled or closed: with what goes back"),
    gettext_lazy("Charging was stopped: when an operator ends a session"),
    gettext_lazy("Paid too late: when money came for a hold that was over, and goes back"),
    gettext_lazy("Receipt and credit note: after each refund, and when staff send them again"),
    gettext_lazy("Account: confirming an address, a forgotten password, changes of either"),
)
"""What `payments/emails.py` and the pages of accounts send to drivers."""
VERSIONS = ("Django", "channels", "django-mongodb-backend", "django-allauth", "django-ninja")


class GatewayFacts(NamedTuple):
    """`live`: real money moves; None: nobody can tell yet. `secrets`: the setting, and whether it is set."""

    name: str
    is_offered: bool
    live: bool | None
    secrets: list[tuple[str, bool]]
    last_webhook: Any


def gateways() -> list[GatewayFacts]:
    return [_gateway(name) for name in KNOWN if may_use(name) or name in settings.PAYMENT_GATEWAYS]


def _gateway(name: str) -> GatewayFacts:
    secrets = [(setting, bool(getattr(settings, setting))) for setting in SECRETS[name]]
    is_set = all(is_set for setting, is_set in secrets if not setting.endswith("_ACCOUNT"))
    last = newest(WebhookEvent.objects.filter(gateway=name), by="created_at", limit=1)
    live = KNOWN[name]().live if is_set and may_use(name) else None
    return GatewayFacts(name, name in offered(), live, secrets, last[0].created_at if last else None)


def policies() -> list[tuple[dict[str, int], list[Tariff]]]:
    """Every policy in force, and the tariffs that have it."""
    found: dict[tuple[int, int, int], list[Tariff]] = {}
    for tariff in Tariff.objects.order_by("name"):
        key = (tariff.free_cancel_hours, tariff.late_refund_bp, tariff.no_show_fee_bp)
        found.setdefault(key, []).append(tariff)
    names = ("free_cancel_hours", "late_refund_bp", "no_show_fee_bp")
    return [(dict(zip(names, key, strict=True)), tariffs) for key, tariffs in found.items()]


def fixed_limits() -> list[Fact]:
    """Limits that the environment or the program sets."""
    return [
        (_("Unpaid bookings of one driver at a time"), str(MOST_HOLDS)),
        (_("A hold waits for its payment"), format_minutes(settings.BOOKING_HOLD_SECONDS // 60)),
        (_("A change of limits reaches every process within"), _("%(seconds)s s") % {"seconds": LIMITS_SECONDS}),
    ]


def guards() -> list[Fact]:
    """Second factor and rate limits."""
    asked = _("asked of everybody of the staff") if settings.STAFF_SECOND_FACTOR else _("not asked of staff")
    facts: list[Fact] = [(_("Second factor"), asked)]
    if not settings.RATE_LIMITS:
        facts.append((_("Rate limits"), _("turned off")))
    for name, (most, seconds) in settings.RATE_LIMITS.items():
        told = _("%(most)s in %(minutes)s") % {"most": most, "minutes": _span(seconds)}
        facts.append((name.replace("_", " "), told))
    return facts


def _span(seconds: int) -> str:
    return format_minutes(seconds // 60) if seconds >= 60 else _("%(seconds)s s") % {"seconds": seconds}


def engines() -> list[Fact]:
    """What runs here."""
    cache = "Redis" if settings.REDIS_URL else _("memory of this process")
    facts: list[Fact] = [
        (_("Database"), engine_name()), (_("Cache and live messages"), cache), ("Python", platform.python_version()),
        (_("Events come from"), settings.LIVE_SOURCE),
    ]  # fmt: skip
    return facts + [(name, version) for name in VERSIONS if (version := _version(name))]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
