"""Whatever is wrong with a record, it becomes a row or a reason; nothing is raised and no nonsense goes in."""

import copy
import csv
import json
import random
from contextlib import suppress

import pytest

from bookings.importers.power import MOST_W
from bookings.importers.rows import NotStations, Skipped, StationRow
from tests.bookings.importers.reading import FIXTURES, read

JUNK = [
    None, True, False, 0, -1, 1e308, float("nan"), 10**30, "", "x", "0", "null", "u00a0", "\ud800", "<b>", [], {}, [[]],
    [None], {"a": None}, "9" * 400, 85105514, 22000, "22000", "DC", {"latitude": 1, "longitude": 2}, ["IEC_62196_T2"],
]  # fmt: skip


def damaged(value: object, rng: random.Random) -> object:
    """A copy with some values, at any depth, replaced by junk."""
    if rng.random() < 0.07:
        return copy.deepcopy(rng.choice(JUNK))
    if isinstance(value, dict):
        return {key: damaged(item, rng) for key, item in value.items() if rng.random() > 0.03}
    return [damaged(item, rng) for item in value] if isinstance(value, list) else value


def check(rows: list[object]) -> None:
    assert all(isinstance(row, StationRow | Skipped) for row in rows)
    for row in rows:
        if isinstance(row, Skipped):
            assert row.reason
            continue
        json.dumps([row.name, row.address, row.city, row.network, row.source_id], ensure_ascii=False).encode()
        assert row.name
        assert 0 < abs(row.latitude) <= 90
        assert 0 < abs(row.longitude) <= 180
        assert len(row.fingerprint()) == 64
        assert len({evse.source_id for evse in row.evses}) == len(row.evses) <= 300
        assert all(500 <= evse.max_power_w <= MOST_W[evse.current] for evse in row.evses)


@pytest.mark.parametrize(
    ("form", "name"),
    [("ocm", "ocm_verbose.json"), ("ocm", "ocm_compact.json"), ("ocpi", "ocpi_2_1_1.json"), ("ocpi", "ocpi_2_2.json"),
     ("ocpi", "ocpi_camel.json")],
)  # fmt: skip
def test_damaged_json_records(form: str, name: str, tmp_path) -> None:
    whole = json.loads((FIXTURES / name).read_text())
    rng = random.Random(name)
    for _try in range(150):
        path = tmp_path / name
        path.write_text(json.dumps(damaged(whole, rng)))
        with suppress(NotStations):
            check(read(form, path))


@pytest.mark.parametrize(("form", "name"), [("afdc", "afdc.csv"), ("ncr", "ncr.csv"), ("csv", "india.csv")])
def test_damaged_csv_rows(form: str, name: str, tmp_path) -> None:
    with (FIXTURES / name).open(encoding="utf-8-sig", newline="") as source:
        header, *rows = csv.reader(source)
    rng = random.Random(name)
    for _try in range(60):
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8", errors="replace") as target:
            junk = [str(value) for value in JUNK]
            spoilt = [[rng.choice(junk) if rng.random() < 0.1 else cell for cell in row] for row in rows]
            csv.writer(target).writerows([header, *(row[rng.randrange(2) :] for row in spoilt)])
        check(read(form, path))
