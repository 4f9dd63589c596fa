"""How the API reads moments, days and places: strictly, so that a typing error is refused and not guessed at."""

import datetime as dt
import re
from typing import Annotated

from django.utils.translation import gettext as _
from pydantic import BeforeValidator, StrictInt, WithJsonSchema
from pydantic_core import PydanticCustomError

INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?",
    re.ASCII,
)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
FIRST_DAY, LAST_DAY = dt.date(2000, 1, 1), dt.date(2199, 12, 31)


def _unreadable(message: str) -> PydanticCustomError:
    return PydanticCustomError("unreadable", message)


def parse_instant(value: object) -> dt.datetime:
    """ISO 8601 with seconds and offset optional: whether a missing offset matters is the rule's business."""
    if isinstance(value, str) and INSTANT.fullmatch(value):
        try:
            moment = dt.datetime.fromisoformat(value.upper())
            if moment.tzinfo is not None:
                moment.astimezone(dt.UTC)
            return moment
        except (ValueError, OverflowError):
            pass
    raise _unreadable(_("Write a date and time like 2026-05-01T10:00:00+02:00."))


def parse_instant_in_address(value: object) -> dt.datetime:
    """As `parse_instant`; a plus sign that was not escaped in the address has become a space."""
    return parse_instant(value.replace(" ", "+") if isinstance(value, str) else value)


def parse_day(value: object) -> dt.date:
    """A calendar day of this time."""
    if isinstance(value, str) and DAY.fullmatch(value):
        try:
            day = dt.date.fromisoformat(value)
        except ValueError:
            day = dt.date.min
        if FIRST_DAY <= day <= LAST_DAY:
            return day
    raise _unreadable(_("Write a day like 2026-05-01."))


def parse_place(value: object) -> tuple[float, float]:
    """`latitude,longitude` in degrees."""
    try:
        latitude, longitude = (float(part) for part in str(value).split(","))
    except ValueError:
        latitude = longitude = float("nan")
    if -90 <= latitude <= 90 and -180 <= longitude <= 180:
        return latitude, longitude
    raise _unreadable(_("Write latitude and longitude like 52.52,13.40."))


_DATE_TIME = WithJsonSchema({"type": "string", "format": "date-time"})
Instant = Annotated[dt.datetime, BeforeValidator(parse_instant), _DATE_TIME]
InstantInAddress = Annotated[dt.datetime, BeforeValidator(parse_instant_in_address), _DATE_TIME]
Day = Annotated[dt.date, BeforeValidator(parse_day), WithJsonSchema({"type": "string", "format": "date"})]
Place = Annotated[
    tuple[float, float],
    BeforeValidator(parse_place),
    WithJsonSchema({"type": "string", "examples": ["52.52,13.40"]}),
]
Whole = StrictInt
