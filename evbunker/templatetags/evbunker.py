"""Filters and tags every template may use. Numbers and their unit are joined by a no-break space."""

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.db.models import Model
from django.shortcuts import resolve_url
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language_bidi

from evbunker import moments, units
from evbunker.money import format_money
from evbunker.statuses import look_of

register = template.Library()


def _isolated(text: str) -> str:
    """`text` kept in its own order inside a right-to-left sentence."""
    return f"\N{LEFT-TO-RIGHT ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}" if get_language_bidi() else text


def _quantity(name: str, steps: list[units.Step]) -> None:
    """Register a filter of integers in base units; None and text stay empty."""

    def show(amount: Any) -> str:
        return _isolated(units.format_quantity(int(amount), steps)) if _is_number(amount) else ""

    register.filter(name, show)


def _is_number(amount: Any) -> bool:
    return isinstance(amount, (int, float, Decimal))


_quantity("kwh", units.ENERGY)  # Wh -> 12.4 kWh
_quantity("kw", units.POWER)  # W -> 50 kW
_quantity("km", units.DISTANCE)  # m -> 84 km
_quantity("co2", units.MASS)  # g -> 1.2 kg
_quantity("litres", units.VOLUME)  # ml -> 3.4 L


@register.filter
def money(minor: Any, currency: str) -> str:
    """`{{ quote_minor|money:currency }}` -> €12.50; nothing for None."""
    return _isolated(format_money(int(minor), currency)) if _is_number(minor) else ""


@register.filter
def minutes(value: Any) -> str:
    """Minutes -> 1 h 30 min."""
    return moments.format_minutes(int(value)) if _is_number(value) else ""


@register.filter
def local(moment: dt.datetime | None, zone: str | ZoneInfo = "UTC") -> str:
    """`{{ booking.starts_at|local:booking.zone }}` -> Sat 21 Nov, 14:30 CET."""
    return moments.format_moment(moment, zone) if moment else ""


@register.filter
def local_time(moment: dt.datetime | None, zone: str | ZoneInfo = "UTC") -> str:
    """An instant -> 14:30 in `zone`."""
    return moments.format_time(moment, zone) if moment else ""


@register.filter
def local_day(moment: dt.datetime | dt.date | None, zone: str | ZoneInfo = "UTC") -> str:
    """An instant's day in `zone`, or a day as it is -> Sat 21 Nov."""
    if isinstance(moment, dt.datetime):
        moment = moments.in_zone(moment, zone).date()
    return moments.format_day(moment) if moment else ""


@register.filter
def ago(moment: dt.datetime | None) -> str:
    """An instant -> 5 min ago."""
    return moments.format_ago(moment) if moment else ""


@register.simple_tag
def period(starts_at: dt.datetime, ends_at: dt.datetime, zone: str | ZoneInfo) -> str:
    """`{% period booking.starts_at booking.ends_at booking.zone %}` -> Sat 21 Nov, 14:30-15:30 CET."""
    return moments.format_period(starts_at, ends_at, zone)


@register.simple_tag
def icon(name: str, label: str = "", kind: str = "") -> SafeString:
    """A drawing of static/img/icons.svg. Without a `label` it is decoration and screen readers skip it."""
    href = f"{static('img/icons.svg')}#{name}"
    classes = f"icon icon-{kind}" if kind else "icon"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>', classes, label, href
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"></use></svg>', classes, href)


@register.inclusion_tag("components/badge.html")
def status_badge(status: Any, label: str = "", model: str = "") -> dict[str, Any]:
    """`{% status_badge booking %}` or `{% status_badge "held" %}`; a record's own word wins over ours."""
    if isinstance(status, Model):
        model = status._meta.model_name or ""
        label = label or status.get_status_display()  # type: ignore[attr-defined]
        status = status.status  # type: ignore[attr-defined]
    look = look_of(str(status), model)
    return {"tone": look.tone, "icon_name": look.icon, "label": label or look.label}


@register.inclusion_tag("components/battery.html")
def battery(value: float, most: float = 100, label: str = "", tone: str = "energy", size: str = "") -> dict[str, Any]:
    """A battery filled to `value` of `most`; `label` says in words what it shows. Tones: energy, wait, trouble."""
    return {"value": min(max(value, 0), most), "most": most, "label": label, "tone": tone, "size": size}


@register.inclusion_tag("components/countdown.html")
def countdown(ends_at: dt.datetime, total_seconds: int, zone: str | ZoneInfo = "UTC") -> dict[str, Any]:
    """A battery that empties until `ends_at`; without JavaScript it says when that is."""
    return {"ends_at": ends_at, "total_seconds": total_seconds, "zone": zone}


@register.inclusion_tag("components/nav_item.html", takes_context=True)
def nav_item(
    context: template.Context, to: str, label: str, icon_name: str, also: str = "", kind: str = "",
    but: str = "", badge: str = "",
) -> dict[str, Any]:  # fmt: skip
    """A link of a navigation `to` a URL name or path; current there, on what lies below it and below `also`.

    What lies below `but` has a link of its own. `badge` stands behind the label.
    """
    path = resolve_url(to)
    here = context["request"].path if "request" in context else ""
    below = tuple(prefix for prefix in (path, also) if prefix and prefix != "/")
    return {
        "path": path,
        "label": label,
        "icon_name": icon_name,
        "kind": kind,
        "badge": badge,
        "current": here == path or (bool(below) and here.startswith(below) and not (but and here.startswith(but))),
    }
