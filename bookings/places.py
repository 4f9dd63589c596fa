"""Countries and time zones to choose from, as the time zone database names them."""

import functools
from collections.abc import Iterator
from importlib import resources
from zoneinfo import available_timezones


@functools.cache
def country_choices() -> tuple[tuple[str, str], ...]:
    """ISO 3166-1 code and English name, by name."""
    return tuple(sorted(((code, name) for code, name in _rows("iso3166.tab")), key=lambda choice: choice[1]))


@functools.cache
def _zones() -> frozenset[str]:
    """Every place's zone, without the names that only old software knows."""
    return frozenset(row[2] for row in _rows("zone.tab")) & available_timezones() | {"UTC"}


def time_zone_choices(current: str) -> list[tuple[str, str]]:
    """Zone names, `current` among them even if it is an old one."""
    return [(zone, zone.replace("_", " ")) for zone in sorted(_zones() | {current})]


def _rows(table: str) -> Iterator[list[str]]:
    text = resources.files("tzdata.zoneinfo").joinpath(table).read_text(encoding="utf-8")
    return (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
