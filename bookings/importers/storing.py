"""Writing what was read: idempotent on the source and its ids, and careful with what operators changed by hand."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from django.db import IntegrityError

from bookings.importers.reading import Row
from bookings.importers.rows import EvseRow, Skipped, StationRow
from bookings.models import Evse, Outage, SearchWord, Station, Tariff
from bookings.outages import begin_outages, follow_status
from bookings.stations import (
    announce,
    derive,
    refresh_station,
    remove_evse,
    search_words,
    set_by_hand,
    set_station_status,
    set_tariff,
)
from evbunker.audit import record_change
from evbunker.db import atomic

T = TypeVar("T")
ACTOR = "import_stations"
AT_ONCE = 100
"""Rows looked up together; new ones are created in units of work of `CREATED_AT_ONCE`, others in one each."""
CREATED_AT_ONCE = 25
COPIED = (
    "name", "network", "address", "city", "country", "latitude", "longitude", "time_zone", "currency", "opening_hours",
)  # fmt: skip


@dataclass
class Tally:
    """What an import did, or would do. Of the skipped rows the first `keep` are kept."""

    keep: int = 0
    kept: list[Skipped] = field(default_factory=list)

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    closed: int = 0
    priced: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    other_currencies: Counter[str] = field(default_factory=Counter)
    withdrawn: set[str] = field(default_factory=set, compare=False)
    made: dict[str, str] = field(default_factory=dict, compare=False)
    """What a dry run cannot read back: ids that are closed by now; new ids of earlier batches, with their status."""

    def skip(self, row: Skipped) -> None:
        self.skipped[row.reason] += 1
        if len(self.kept) < self.keep:
            self.kept.append(row)


@dataclass(frozen=True)
class Found:
    """One station that an import changes; `fields` are those that change, with what they are and will be."""

    kind: str
    name: str
    city: str
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)


NEW, CHANGED, GONE = "new", "changed", "gone"


@dataclass(frozen=True)
class Import:
    """Into which `source` rows go. Stations without a tariff get `tariff` if it is in their currency."""

    source: str
    tariff: Tariff | None = None
    dry_run: bool = False
    told: "Callable[[Found], object] | None" = None
    """Is told of every station that is new, changes or is closed, before it is."""

    def store(self, rows: Iterable[Row], tally: Tally, progress: Callable[[], object]) -> None:
        """Write `rows`, counting into `tally`. What was written before an exception stays."""
        for batch in _batches(rows, AT_ONCE):
            self._store_batch(batch, tally)
            tally.read += len(batch)
            progress()

    def _store_batch(self, batch: Sequence[Row], tally: Tally) -> None:
        there = self._known(batch)
        new: list[StationRow] = []
        for row in batch:
            if isinstance(row, Skipped):
                tally.skip(row)
                tally.closed += self._withdraw(there.get(row.withdrawn), row.withdrawn, tally)
            elif row.source_id in there:
                self._update(there[row.source_id], row, tally)
            else:
                new.append(row)
        for some in _batches(new, CREATED_AT_ONCE):
            self._create(some, tally)
        tally.made |= {row.source_id: row.status for row in new} if self.dry_run else {}

    def _create(self, rows: list[StationRow], tally: Tally) -> None:
        try:
            if not self.dry_run:
                create_stations(source=self.source, rows=rows, tariff=self.tariff)
        except IntegrityError:
            if not self._known(rows):
                raise
            self._store_batch(rows, tally)  # somebody else imports the same: some are there now
            return
        for row in rows:
            self._tell(Found(NEW, row.name, row.city))
            tally.created += 1
            tally.notes.update(row.notes)
            self._count_price(row.currency, tally)

    def _known(self, batch: Sequence[Row]) -> dict[str, Station]:
        """The stations of this source that the batch names, by their ids there."""
        ids = {row.withdrawn if isinstance(row, Skipped) else row.source_id for row in batch} - {""}
        stations = Station.objects.filter(source=self.source, source_id__in=ids)
        return {station.source_id: station for station in stations}

    def _update(self, station: Station, row: StationRow, tally: Tally) -> None:
        if station.source_hash == row.fingerprint() and station.source_id not in tally.withdrawn:
            tally.unchanged += 1
        else:
            if self.told is not None:
                self._tell(Found(CHANGED, station.name, station.city, fields_changed(station, row)))
            tally.updated += 1
            tally.notes.update(row.notes)
            if not self.dry_run:
                station = update_station(station=station, row=row)
        if self.tariff is not None and station.tariff_id is None and not set_by_hand(station, "tariff_id"):
            if _fits(self.tariff, row.currency) and not self.dry_run:
                set_tariff(station=station, tariff=self.tariff, actor=ACTOR)
            self._count_price(row.currency, tally)

    def _count_price(self, currency: str, tally: Tally) -> None:
        if _fits(self.tariff, currency):
            tally.priced += 1
        elif self.tariff is not None:
            tally.other_currencies[currency] += 1

    def _withdraw(self, station: Station | None, source_id: str, tally: Tally) -> bool:
        """Close a station that its source has taken back, unless somebody opened it by hand; whether it was open."""
        if source_id in tally.withdrawn:
            return False
        if station is None and tally.made.get(source_id) == Station.Status.ACTIVE:
            tally.withdrawn.add(source_id)
            return True
        if station is None or station.status != Station.Status.ACTIVE or set_by_hand(station, "status"):
            return False
        self._tell(Found(GONE, station.name, station.city))
        tally.withdrawn.add(source_id)
        if not self.dry_run:
            withdraw_station(station=station)
        return True

    def _tell(self, found: Found) -> None:
        if self.told is not None:
            self.told(found)


def _fits(tariff: Tariff | None, currency: str) -> bool:
    return tariff is not None and tariff.currency == currency


def _batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    source = iter(rows)
    while batch := list(islice(source, size)):
        yield batch


@atomic
def create_stations(*, source: str, rows: list[StationRow], tariff: Tariff | None) -> None:
    """Make stations that are not there yet, with all that is derived from them."""
    stations: list[Station] = []
    evses: list[Evse] = []
    for row in rows:
        station = Station(source=source, source_id=row.source_id, source_hash=row.fingerprint(), status=row.status)
        for name in COPIED:
            setattr(station, name, getattr(row, name))
        station.tariff = tariff if _fits(tariff, row.currency) else None
        own = [_made(station, evse) for evse in row.evses]
        derive(station, own, station.tariff)
        stations.append(station)
        evses += own
    Station.objects.bulk_create(stations)
    Evse.objects.bulk_create(evses)
    begin_outages(evses, cause=Outage.Cause.UNKNOWN)
    words = [SearchWord(word=word, station=station) for station in stations for word in sorted(search_words(station))]
    SearchWord.objects.bulk_create(words)
    for station in stations:
        record_change(actor=ACTOR, action="station.imported", record=station, after={"source": source})
        announce(station.pk)


def _made(station: Station, row: EvseRow) -> Evse:
    return Evse(
        station=station, source_id=row.source_id, label=row.label, current=row.current, max_power_w=row.max_power_w,
        connector_types=list(row.connector_types), status=row.status,
    )  # fmt: skip


@atomic
def update_station(*, station: Station, row: StationRow) -> Station:
    """Take over what the source says now. A status or tariff that somebody set by hand stays."""
    station = Station.objects.get(pk=station.pk)
    changed = _own_fields_changed(station, row)
    before, after = ({name: pair[at] for name, pair in changed.items()} for at in (0, 1))
    for name, value in after.items():
        setattr(station, name, value)
    station.source_hash = row.fingerprint()
    station.save()
    record_change(actor=ACTOR, action="station.imported", record=station, before=before, after=after)
    _update_evses(station, row)
    refresh_station(station)
    return station


def fields_changed(station: Station, row: StationRow) -> dict[str, tuple[Any, Any]]:
    """Which fields `update_station` would change: what each is, and what it will be. `evses` are their labels."""
    changed = _own_fields_changed(station, row)
    there = {evse.source_id or evse.label: evse for evse in Evse.objects.filter(station=station)}
    was = {_evse_said(evse) for evse in there.values() if evse.source_id or evse.label in {e.label for e in row.evses}}
    will = {_evse_said(_made(station, evse)) for evse in row.evses}
    if was != will:
        changed["evses"] = (sorted(was - will), sorted(will - was))
    return changed


def _evse_said(evse: Evse) -> str:
    return f"{evse.label}: {evse.get_current_display()} {evse.max_power_w} W {' '.join(sorted(evse.connector_types))}"


def _own_fields_changed(station: Station, row: StationRow) -> dict[str, tuple[Any, Any]]:
    """Fields of the station itself. A status that somebody set by hand stays."""
    pairs = {name: (getattr(station, name), getattr(row, name)) for name in COPIED}
    changed = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    if station.status != row.status and not set_by_hand(station, "status"):
        changed["status"] = (station.status, row.status)
    return changed


def _update_evses(station: Station, row: StationRow) -> None:
    """Match EVSEs by their ids at the source, so that bookings keep the one they are for; what is gone is removed.

    EVSEs that were added by hand have no such id and stay, unless the source brings one with the same label.
    """
    there = list(Evse.objects.filter(station=station))
    by_id = {evse.source_id: evse for evse in there if evse.source_id}
    by_label = {evse.label: evse for evse in there if not evse.source_id}
    for evse_row in row.evses:
        evse = by_id.pop(evse_row.source_id, None) or by_label.pop(evse_row.label, None)
        if evse is None:
            evse = _made(station, evse_row)
            evse.save()
            begin_outages([evse], cause=Outage.Cause.UNKNOWN)
        else:
            _update_evse(evse, evse_row)
    for evse in by_id.values():
        remove_evse(evse=evse, actor=ACTOR, reason="gone from the source")


def _update_evse(evse: Evse, row: EvseRow) -> None:
    evse.source_id, evse.label, evse.current = row.source_id, row.label, row.current
    evse.max_power_w, evse.connector_types = row.max_power_w, list(row.connector_types)
    works = row.status == Evse.Status.AVAILABLE
    if evse.is_bookable != works and not set_by_hand(evse, "status"):
        record_change(
            actor=ACTOR, action="evse.status", record=evse, before={"status": evse.status}, after={"status": row.status}
        )
        evse.status = row.status
    evse.save()
    follow_status(evse)


@atomic
def withdraw_station(*, station: Station) -> None:
    """Close a station that its source has taken back. It may come back later, so what it said is forgotten."""
    Station.objects.filter(pk=station.pk).update(source_hash="")
    set_station_status(station=station, status=Station.Status.CLOSED, actor=ACTOR, reason="gone from the source")
