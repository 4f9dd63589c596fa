"""A plain CSV, with columns of any name."""

import pytest

from bookings.importers.rows import NotStations
from tests.bookings.importers.reading import plugs, read, skipped, stations

GERMAN = {"id": "Nr", "name": "Bezeichnung", "latitude": "Breite", "longitude": "Länge", "city": "Stadt"}


def test_a_list_without_ids_gets_ids_from_its_content():
    rows = stations(read("csv", "india.csv"))
    again = stations(read("csv", "india.csv"))
    assert len({row.source_id for row in rows.values()}) == len(rows) == 12
    assert {row.source_id for row in rows.values()} == {row.source_id for row in again.values()}
    assert {row.country for row in rows.values()} == {"IN"}
    assert rows["Station 0"].evses == ()


def test_escapes_that_lost_their_backslash_are_read():
    assert stations(read("csv", "india.csv"))["Sea link"].address == "Lane 5 North, PIN \N{EN DASH} 403001"


def test_swapped_coordinates_are_put_right_where_the_rest_of_the_file_tells():
    rows = stations(read("csv", "india.csv"))
    assert (rows["Swapped Motors"].latitude, rows["Swapped at sea"].longitude) == (12.889141, 78.0654)
    assert rows["Swapped Motors"].notes == ("latitude and longitude were swapped",)


def test_a_country_that_is_named_tells_as_well(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("name,latitude,longitude\nSwapped,77.597289,12.889141\n")
    assert skipped(read("csv", path)) == {2: "coordinates where no stations are"}
    assert stations(read("csv", path, country="IN"))["Swapped"].latitude == 12.889141


def test_what_makes_no_station_is_skipped_with_its_line():
    assert skipped(read("csv", "india.csv")) == {
        12: "duplicate",
        15: "coordinates out of range",
        16: "no coordinates",
        17: "coordinates 0, 0",
        18: "no name",
        19: "more cells than columns",
    }


def test_columns_may_have_other_names_and_figures_units():
    rows = stations(read("csv", "semicolons.csv", columns=GERMAN))
    assert plugs(rows["Münster Süd"]) == [("ac", 22_000, ("IEC_62196_T2",))] * 2
    assert plugs(rows["Großer Platz"]) == [("dc", 150_000, ("CHADEMO", "IEC_62196_T2_COMBO"))]
    assert (rows["Watt"].evses[0].max_power_w, rows["Watt"].status) == (11_000, "closed")
    assert (rows["Münster Süd"].latitude, rows["Münster Süd"].source_id) == (51.96, "1")


def test_nonsense_is_repaired_or_left_out_and_noted():
    rows = stations(read("csv", "semicolons.csv", columns=GERMAN))
    assert (rows["Zu stark"].evses[0].max_power_w, len(rows["Zu stark"].notes)) == (22_000, 1)
    assert (rows["Unmöglich"].evses, len(rows["Unmöglich"].notes)) == ((), 1)
    assert skipped(read("csv", "semicolons.csv", columns=GERMAN)) == {
        7: "removed",
        8: "unknown status",
        9: "unknown country",
    }


def test_missing_columns_are_named():
    with pytest.raises(NotStations, match="no column for latitude and longitude; name one with --map latitude=COLUMN"):
        read("csv", "semicolons.csv", columns={"name": "Bezeichnung"})
    with pytest.raises(NotStations, match="no column 'Titel'"):
        read("csv", "semicolons.csv", columns={"name": "Titel"})


def test_a_file_with_nothing_in_it_is_refused(tmp_path):
    empty, header = tmp_path / "empty.csv", tmp_path / "header.csv"
    empty.write_text("")
    header.write_text("name,latitude,longitude\n")
    with pytest.raises(NotStations, match="empty"):
        read("csv", empty)
    with pytest.raises(NotStations, match="no rows"):
        read("csv", header)
