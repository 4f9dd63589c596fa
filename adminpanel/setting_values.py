"""Figures that the operator sets: how long and how far ahead one may book, and the policy that new tariffs begin with.

They are rows of `Setting` beside the texts, written as whole numbers; what is not written is the default here.
"""

from dataclasses import dataclass

from django.core.cache import cache
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from adminpanel.models import Setting
from adminpanel.texts import ChangedMeanwhile, write_setting
from bookings.limits import Limits
from bookings.models import Client, Tariff
from bookings.pricing import WHOLE_BP
from evbunker.db import atomic, on_commit

LIMITS_KEY, LIMITS_SECONDS = "booking-limits", 20
"""Every wish asks for them; another process may go on for so long with what stood before."""


@dataclass(frozen=True)
class Figure:
    """A whole number from `least` to `most`."""

    label: str | Promise
    default: int
    least: int
    most: int


USUAL = Tariff()
"""With the defaults of its fields."""


LIMITS = {
    "limit_slots": Figure(_("Longest booking"), Limits().slots, 1, Limits().slots),
    "limit_days_ahead": Figure(_("Days ahead"), Limits().days_ahead, 1, Limits().days_ahead),
}
POLICY = {
    "policy_free_cancel_hours": Figure(_("Free cancelling, hours before"), USUAL.free_cancel_hours, 0, 720),
    "policy_late_refund_bp": Figure(_("Comes back after that"), USUAL.late_refund_bp, 0, WHOLE_BP),
    "policy_no_show_fee_bp": Figure(_("Kept when nobody comes"), USUAL.no_show_fee_bp, 0, WHOLE_BP),
}
FIGURES = LIMITS | POLICY


def written(keys: dict[str, Figure]) -> dict[str, int]:
    """Each figure as it is written, or its default; one that cannot be true counts as not written."""
    rows = dict(Setting.objects.filter(key__in=list(keys)).values_list("key", "value"))
    return {key: _read(rows.get(key, ""), figure) for key, figure in keys.items()}


def _read(text: str, figure: Figure) -> int:
    number = int(text) if text.isascii() and text.isdecimal() else figure.default
    return number if figure.least <= number <= figure.most else figure.default


def booking_limits() -> Limits:
    """What `bookings.limits` asks for; from the cache for LIMITS_SECONDS."""
    kept: tuple[int, int] | None = cache.get(LIMITS_KEY)
    if kept is None:
        kept = tuple(written(LIMITS).values())  # type: ignore[assignment]
        cache.set(LIMITS_KEY, kept, LIMITS_SECONDS)
    assert kept is not None
    return Limits(*kept)


def usual_policy() -> dict[str, int]:
    """Fields of a new tariff."""
    return {key.removeprefix("policy_"): number for key, number in written(POLICY).items()}


@atomic
def set_figures(*, figures: dict[str, int], seen: dict[str, int], actor: Client) -> None:
    """Write all of `figures`, or none. Raises ChangedMeanwhile unless they still are what was `seen`."""
    keys = {key: FIGURES[key] for key in figures}
    now = written(keys)
    if now != seen:
        raise ChangedMeanwhile
    for key, number in figures.items():
        assert FIGURES[key].least <= number <= FIGURES[key].most, "the form has checked it"
        if number != now[key]:
            write_setting(key=key, value=str(number), actor=actor)
    on_commit(lambda: cache.delete(LIMITS_KEY))
