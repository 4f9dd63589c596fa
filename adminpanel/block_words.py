"""Blocked time as pages tell of it."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from adminpanel.station_forms import FURTHEST, LOCAL, LONGEST_BLOCK, BlockForm, as_local
from adminpanel.station_record import evses_of
from adminpanel.station_words import seen_of
from bookings.availability import next_slot
from bookings.blocking import blocks_of
from bookings.models import Evse, Station
from bookings.slots import Period
from evbunker import clock
from evbunker.db import newest
from evbunker.models import Change
from payments.maintenance import Conflict

LOOKED_BACK = 30
"""So many notes of an EVSE's audit trail are read for the words that a block was made with."""
USUAL_HOURS = 2


class Block(NamedTuple):
    """Time of an EVSE that nobody can book, who took it and why; both empty if that is long ago."""

    evse: Evse
    period: Period
    who: str
    note: str
    since: str
    until: str


def blocks_with_notes(station: Station) -> list[Block]:
    """What is blocked of the station from now on."""
    found = blocks_of(evses_of(station), until=clock.now() + FURTHEST + LONGEST_BLOCK)
    notes = {evse.pk: _notes(evse) for evse, _period in found}
    return [_block(station, evse, period, notes[evse.pk]) for evse, period in found]


def _notes(evse: Evse) -> list[Change]:
    changes = newest(Change.objects.filter(record_id=evse.pk), by="created_at", limit=LOOKED_BACK)
    return [change for change in changes if change.action == "evse.blocked"]


def _block(station: Station, evse: Evse, period: Period, notes: list[Change]) -> Block:
    noted = next((note for note in notes if _touches(note, period)), None)
    words = (noted.actor, noted.reason) if noted else ("", "")
    return Block(evse, period, *words, as_local(period.starts_at, station), as_local(period.ends_at, station))


def _touches(note: Change, period: Period) -> bool:
    begin, end = (dt.datetime.fromisoformat(note.after[name]) for name in ("starts_at", "ends_at"))
    return begin < period.ends_at and end > period.starts_at


def start_of_form(station: Station, asked: Mapping[str, Any]) -> dict[str, str]:
    """What a form begins with: what the address says, else the next two hours."""
    begin = next_slot()
    end = begin + dt.timedelta(hours=USUAL_HOURS)
    usual = {"evse": "", "since": as_local(begin, station), "until": as_local(end, station)}
    return {name: _well_formed(name, asked.get(name, "")) or usual[name] for name in usual}


def _well_formed(name: str, text: str) -> str:
    """A date and time that a field can show, or nothing."""
    if name == "evse":
        return text
    try:
        return dt.datetime.strptime(text, LOCAL).strftime(LOCAL)  # noqa: DTZ007 - the station's own clock
    except ValueError:
        return ""


def seen_of_block(form: BlockForm, conflicts: list[Conflict]) -> str:
    """What the page of a block told."""
    shown = [(one.booking.pk, one.goes_back_minor, one.booking.status) for one in conflicts]
    return seen_of([[evse.pk for evse in form.evses], form.period, shown])
