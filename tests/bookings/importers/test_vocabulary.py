"""Values, plugs, power and places in the project's own vocabulary."""

import csv
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.importers import places
from bookings.importers.connectors import connector_called, connectors_called, current_of
from bookings.importers.hours import time_of_day, weekly
from bookings.importers.places import country_code, place_at
from bookings.importers.power import KILOWATTS, WATTS, power_of, volts_times_amperes
from bookings.importers.rows import Unusable
from bookings.importers.values import count, number, text
from bookings.models import Connector
from evbunker.money import EXPONENTS


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("  two\n words\t", "two words"),
        ("no\u00a0break", "no break"),
        ("nou00a0break", "no break"),
        ("Mallu00e2u0080u0093East", "Mall\N{EN DASH}East"),
        ("caf\\u00e9", "café"),
        ("<b>A&amp;B</b> &lt;script&gt;", "A&B"),
        ("3 < 5 & 7", "3 < 5 & 7"),
        ("\ufeffBOM\u200b\x00\ud800", "BOM"),
        ("e\u0301", "é"),
        ("क्ष\u200dत्र", "क्ष\u200dत्र"),
        (12, "12"),
        (None, ""),
        (True, ""),
        (["x"], ""),
        ("x" * 300, "x" * 250),
    ],
)
def test_text_is_one_clean_line(said, read):
    assert text(said) == read


@given(st.text())
def test_any_text_can_be_stored(said):
    cleaned = text(said)
    cleaned.encode()
    assert cleaned == " ".join(cleaned.split())
    assert "\x00" not in cleaned


@pytest.mark.parametrize(
    ("said", "read"),
    [("52.5", 52.5), (" -0,5 ", -0.5), ("1e3", 1000), (7, 7), (float("nan"), None), (10**400, None), ("1e999", None),
     ("1_000", None), ("٣", None), (True, None), ("", None), (None, None), ({}, None)],
)  # fmt: skip
def test_numbers_are_finite(said, read):
    assert number(said) == read


def test_counts_are_things():
    assert [count(said) for said in ("3", 2.9, -1, None, "many", 10**9)] == [3, 2, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("name", "connector"),
    [
        ("IEC_62196_T2_COMBO", "IEC_62196_T2_COMBO"),
        ("iec 62196 t2", "IEC_62196_T2"),
        ("Type 2 Mennekes (IEC62196)", "IEC_62196_T2"),
        ("Type 2 outlet", "IEC_62196_T2"),
        ("JEVS G105 (CHAdeMO) DC", "CHADEMO"),
        ("3-pin Type G (BS1363)", "DOMESTIC_G"),
        ("GB/T (DC)", "GBT_DC"),
        ("J1772COMBO", "IEC_62196_T1_COMBO"),
        ("CCS", "IEC_62196_T2_COMBO"),
        ("Schuko", "DOMESTIC_F"),
        ("NEMA1450", "NEMA_14_50"),
        ("garden hose", None),
        ("", None),
    ],
)
def test_plugs_have_one_name(name, connector):
    assert connector_called(name) == connector


def test_every_connector_is_known_by_ocpis_name_and_only_once():
    assert all(connector_called(connector.value) == connector for connector in Connector)
    assert connectors_called("Type 2; CCS2 / bogus") == [Connector.IEC_62196_T2, Connector.IEC_62196_T2_COMBO]


def test_a_plug_decides_the_current_where_it_can():
    assert current_of([Connector.IEC_62196_T2_COMBO], "ac") == "dc"
    assert current_of([Connector.DOMESTIC_F], "dc") == "ac"
    assert current_of([Connector.IEC_62196_T2], "dc") == "dc"
    assert current_of([Connector.IEC_62196_T2], "?") is None
    assert current_of([], "ac") == "ac"


@pytest.mark.parametrize(
    ("current", "stated", "unit", "computed_w", "power_w"),
    [
        ("ac", 22, KILOWATTS, None, 22_000),
        ("ac", 22_000, WATTS, None, 22_000),
        ("ac", 22_000, KILOWATTS, None, 22_000),  # W in a column of kW
        ("ac", 22_000, KILOWATTS, 22_080, 22_000),
        ("ac", 22_000, KILOWATTS, 3_680, None),  # volts and amperes say something else
        ("dc", 150, WATTS, None, 150_000),  # kW in a column of W
        ("dc", 350_000, KILOWATTS, None, 350_000),
        ("dc", 22_000_000, KILOWATTS, None, None),
        ("dc", 2_000, KILOWATTS, None, None),  # 2 kW is no DC, and 2 MW no dispenser
        ("ac", 100, KILOWATTS, None, None),
        ("ac", 0.05, KILOWATTS, None, None),
        ("ac", -22, KILOWATTS, None, None),
        ("ac", None, KILOWATTS, 7_360, 7_400),
        ("ac", 0, KILOWATTS, 7_360, 7_400),
        ("ac", None, KILOWATTS, None, None),
    ],
)
def test_power_is_plausible_or_unknown(current, stated, unit, computed_w, power_w):
    assert power_of(current, stated=stated, unit=unit, computed_w=computed_w)[0] == power_w


@pytest.mark.parametrize(
    ("volts", "amperes", "phases", "power_w"),
    [(400, 125, 0, 50_000), (230, 32, 1, 7_360), (230, 32, 3, 22_080), (400, 32, 3, 22_170), (220, 220, 1, None),
     (0, 0, 1, None), (32, 16, 1, None), (230, None, 1, None), (230, 5000, 1, None)],
)  # fmt: skip
def test_volts_times_amperes(volts, amperes, phases, power_w):
    assert volts_times_amperes(volts, amperes, phases) == (power_w and pytest.approx(power_w, abs=1))


@pytest.mark.parametrize(
    ("said", "code"),
    [("NLD", "NL"), ("gb", "GB"), ("United States", "US"), ("UK", "GB"), ("Österreich", "AT"), ("Côte d'Ivoire", "CI"),
     ("XKX", "XK"), ("", ""), (None, "")],
)  # fmt: skip
def test_countries_by_code_or_name(said, code):
    assert country_code(said) == code


def test_what_is_no_country_is_said():
    with pytest.raises(Unusable) as refused:
        country_code("07:00")
    assert (refused.value.reason, refused.value.detail) == ("unknown country", "07:00")


@pytest.mark.parametrize(
    ("latitude", "longitude", "country", "zone"),
    [
        (52.52, 13.405, "DE", "Europe/Berlin"),
        (18.45, -66.1, "US", "America/Puerto_Rico"),  # a territory
        (42.66, 21.16, "XK", "Europe/Belgrade"),
        (51.2413, 2.93, "BE", "Europe/Brussels"),  # on a pier
        (54.5725, -5.9589, "GB", "Europe/London"),
        (-16.9, 179.98, "FJ", "Pacific/Fiji"),
        (-17.75, -179.95, "FJ", "Pacific/Fiji"),
        (78.22, 15.65, "NO", "Arctic/Longyearbyen"),
    ],
)
def test_places_lie_in_their_country_with_some_room_on_coasts(latitude, longitude, country, zone):
    place = place_at(latitude, longitude, country)
    assert (place.country, place.time_zone, place.notes) == (country, zone, ())


@pytest.mark.parametrize(
    ("latitude", "longitude", "country", "reason"),
    [
        (None, 13, "DE", "no coordinates"),
        ("", "", "", "no coordinates"),
        (0, 0, "", "coordinates 0, 0"),
        (0.001, -0.002, "GH", "coordinates 0, 0"),
        (0, 16.37, "", "latitude or longitude is 0"),
        (25.6, 85105514, "IN", "coordinates out of range"),
        (91, 5, "", "coordinates out of range"),
        (47.7, 47.7, "RO", "latitude and longitude are one number"),
        (30, -40, "", "coordinates at sea"),
        (90, 5, "", "coordinates at sea"),
        (48.2, 16.37, "DE", "coordinates in another country"),
        (77.6, 12.9, "", "coordinates where no stations are"),
    ],
)
def test_coordinates_that_cannot_be_are_refused(latitude, longitude, country, reason):
    with pytest.raises(Unusable) as refused:
        place_at(latitude, longitude, country)
    assert refused.value.reason == reason


@given(
    st.one_of(st.floats(), st.integers(), st.text(), st.none()), st.floats(-1e9, 1e9), st.sampled_from(["", "IN", "US"])
)
def test_any_coordinates_give_a_place_or_a_reason(latitude, longitude, country):
    with suppress(Unusable):
        place = place_at(latitude, longitude, country)
        assert -90 <= place.latitude <= 90
        assert -180 <= place.longitude <= 180
        assert len(place.country) == 2


def test_the_table_of_countries_is_whole():
    with places.COUNTRIES.open(newline="") as source:
        rows = list(csv.DictReader(source))
    codes = {row["code"] for row in rows}
    assert (
        len(rows) == len(codes) == len({row["alpha3"] for row in rows}) == len({row["ocm_id"] for row in rows}) == 250
    )
    assert {row["part_of"] for row in rows} <= codes | {""}
    assert all(len(row["currency"]) == 3 for row in rows if row["code"] != "AQ")
    assert {row["currency"] for row in rows} >= EXPONENTS.keys()
    assert {code for code, _name in places._table("iso3166.tab")} <= codes


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("7:00", "07:00"),
        ("23:59", "24:00"),
        ("24:00", "24:00"),
        ("09:30:00", "09:30"),
        ("25:00", ""),
        ("9", ""),
        (None, ""),
    ],
)
def test_times_of_day(said, read):
    assert time_of_day(said) == read


def test_a_week_that_is_always_open_is_no_rule():
    assert weekly((day, "00:00", "23:59") for day in range(1, 8)) == []
    assert weekly([(1, "22:00", "06:00")]) == [{"weekday": 1, "period_begin": "22:00", "period_end": "06:00"}]
    assert weekly([(1, "08:00", "08:00"), (0, "08:00", "09:00"), (None, "x", "y")]) == []
