"""What all formats share: turning records into rows one at a time, whatever is wrong with one of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from bookings.importers.places import Place
from bookings.importers.rows import EvseRow, NotStations, Skipped, StationRow, Unusable, bounded_id
from bookings.importers.values import text

MOST_EVSES = 300
"""More are a mistyped number: the largest sites have about 200."""

TOO_MANY_EVSES = f"more than {MOST_EVSES} EVSEs"
SAME_ID = "EVSE with the id of another left out"

Record = dict[str, Any]
Row = StationRow | Skipped


@dataclass(frozen=True)
class Options:
    """What the caller knows or wants: `columns` by their documented names and the `country` of rows that name none,
    both of a plain CSV only; at most `limit` records.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    country: str = ""
    limit: int | None = None


def each(
    records: Iterable[tuple[int, object]],
    options: Options,
    *,
    station_of: Callable[[int, Record], StationRow],
    fits: Callable[[Record], bool] = bool,
    nothing: str = "The file has no rows.",
) -> Iterator[Row]:
    """A row for every record; of those with one id the first counts.

    `fits` says whether a record is of the format at all. Raises NotStations(`nothing`) at the end if none was.
    """
    seen: dict[str, int] = {}
    any_fit = False
    for line, record in islice(records, options.limit):
        fit = isinstance(record, Unusable) or (isinstance(record, dict) and fits(record))
        any_fit |= fit
        row = _row(line, record, station_of) if fit else Skipped(line, "not a station of this format")
        if isinstance(row, StationRow):
            first = seen.setdefault(row.source_id, line)
            row = row if first == line else Skipped(line, "duplicate", f"of {first}")
        yield row
    if not any_fit:
        raise NotStations(nothing)


def _row(line: int, record: Any, station_of: Callable[[int, Record], StationRow]) -> Row:
    try:
        if isinstance(record, Unusable):
            raise record
        return station_of(line, record)
    except Unusable as error:
        return Skipped(line, error.reason, error.detail, error.withdrawn)


def station_row(line: int, source_id: str, place: Place, *, name: object, **said: Any) -> StationRow:
    """A row with texts made fit for their fields. A station without a name goes by its address or city.

    Raises Unusable if it has no id, no name of any kind, or too many EVSEs to be true.
    """
    network, city = text(said.pop("network", ""), 120), text(said.pop("city", ""), 120)
    address = text(said.pop("address", ""))
    title = text(name, 200) or address[:200] or city
    if not source_id:
        raise Unusable("no id")
    if not title:
        raise Unusable("no name")
    listed: tuple[EvseRow, ...] = said.pop("evses", ())
    if len(listed) > MOST_EVSES:
        raise Unusable(TOO_MANY_EVSES, len(listed))
    evses = tuple({evse.source_id: evse for evse in reversed(listed)}.values())[::-1]
    notes = (*place.notes, *said.pop("notes", ()), *[SAME_ID] * (len(listed) - len(evses)))
    return StationRow(
        line=line, source_id=bounded_id(source_id), name=title, network=network, address=address, city=city,
        latitude=place.latitude, longitude=place.longitude, country=place.country, time_zone=place.time_zone,
        currency=place.currency, evses=evses, notes=notes, **said,
    )  # fmt: skip
