"""Charging sessions as operators see them: what flows now, and how that is known."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from bookings.charging import known_so_far
from bookings.models import Booking, ChargingSession, MeterValue
from bookings.models.session import EnergySource
from bookings.stuck import is_stuck, why_stuck
from evbunker.db import newest

READINGS = 200
"""So many readings of one session are shown, the newest."""
ROWS = 30
"""So many of them as rows of a table, evenly spread."""
WIDTH, HEIGHT = 600, 160
"""Of the drawing, in its own units."""


@dataclass(frozen=True)
class Line:
    """One session. `power_w` None: no meter says it. `why_stuck` is empty unless it should have ended."""

    session: ChargingSession
    energy_wh: int | None
    is_metered: bool
    power_w: int | None = None
    read_at: dt.datetime | None = None
    why_stuck: str = ""

    @property
    def is_active(self) -> bool:
        return self.session.status == ChargingSession.Status.ACTIVE


def lines_of(sessions: Iterable[ChargingSession]) -> list[Line]:
    """In the same order. What charges is asked for its newest reading, one look into an index each."""
    rows = list(sessions)
    open_ones = {row.booking_id for row in rows if row.status in OPEN}
    bookings = Booking.objects.in_bulk(open_ones) if open_ones else {}
    return [_line(row, bookings.get(row.booking_id)) for row in rows]


def line_of(session: ChargingSession) -> Line:
    return lines_of([session])[0]


OPEN = (ChargingSession.Status.ACTIVE, ChargingSession.Status.SCHEDULED)


def _line(session: ChargingSession, booking: Booking | None) -> Line:
    if booking is None:
        begun = session.started_at is not None
        return Line(session, session.energy_wh if begun else None, session.energy_source == EnergySource.METERED)
    why = why_stuck(session, booking) if is_stuck(session) else ""
    if session.status != ChargingSession.Status.ACTIVE:
        return Line(session, None, is_metered=False, why_stuck=why)
    known = known_so_far(booking, session)
    power_w, read_at = (known.reading.power_w, known.reading.at) if known.reading else (None, None)
    return Line(session, known.energy_wh, known.reading is not None, power_w, read_at, why)


@dataclass(frozen=True)
class Curve:
    """Readings of a session, oldest first: `rows` for a table, and two lines of a drawing WIDTH x HEIGHT."""

    rows: list[MeterValue]
    energy: str
    power: str
    most_wh: int
    most_w: int
    is_cut: bool


def curve_of(session: ChargingSession) -> Curve | None:
    """None if no meter has said anything."""
    found = newest(MeterValue.objects.filter(session=session), by="at", limit=READINGS)[::-1]
    if not found:
        return None
    step = -(-len(found) // ROWS)
    rows = [*found[:-1:step], found[-1]] if len(found) > 1 else found
    most_wh = max(value.energy_wh for value in found)
    most_w = max((value.power_w or 0) for value in found)
    energy = [(value.at, value.energy_wh) for value in found]
    power = [(value.at, value.power_w) for value in found if value.power_w is not None]
    return Curve(rows, _points(energy, most_wh), _points(power, most_w), most_wh, most_w, len(found) == READINGS)


def _points(values: list[tuple[dt.datetime, int]], most: int) -> str:
    """The points of an SVG polyline; empty for fewer than two values."""
    if len(values) < 2:
        return ""
    first, last = values[0][0], values[-1][0]
    span = (last - first).total_seconds() or 1
    return " ".join(
        f"{(at - first).total_seconds() / span * WIDTH:.1f},{HEIGHT - value / (most or 1) * HEIGHT:.1f}"
        for at, value in values
    )
