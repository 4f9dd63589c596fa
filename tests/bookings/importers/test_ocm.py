"""Open Charge Map, verbose and compact."""

import pytest

from bookings.importers.rows import NotStations
from tests.bookings.importers.reading import plugs, read, skipped, stations

CCS1, CCS2, CHADEMO = "IEC_62196_T1_COMBO", "IEC_62196_T2_COMBO", "CHADEMO"


def test_a_poi_becomes_a_station():
    river = stations(read("ocm", "ocm_verbose.json"))["River Mall & Cinema"]
    assert (river.source_id, river.network, river.address) == ("11", "River Charging", "1 Quay, Level 2")
    assert (river.city, river.country, river.time_zone, river.currency) == ("Austin", "US", "America/Chicago", "USD")


def test_quantities_become_evses_and_dc_plugs_share_dispensers():
    river = stations(read("ocm", "ocm_verbose.json"))["River Mall & Cinema"]
    assert plugs(river) == [
        *[("ac", 7_200, ("IEC_62196_T1",))] * 2,
        *[("dc", 100_000, (CHADEMO, CCS1))] * 2,
        *[("dc", 250_000, ("NACS",))] * 8,
        *[("dc", 350_000, (CCS1,))] * 2,
    ]
    assert [evse.label for evse in river.evses] == [str(number) for number in range(1, 15)]
    assert len({evse.source_id for evse in river.evses}) == 14
    assert {evse.status for evse in river.evses if evse.max_power_w == 250_000} == {"out_of_service"}


def test_power_is_stated_computed_or_estimated_and_must_be_plausible():
    watts = stations(read("ocm", "ocm_verbose.json"))["Watts"]
    assert plugs(watts) == [
        ("ac", 22_000, ("IEC_62196_T2",)),  # stated as 22,000 kW
        ("ac", 22_200, ("IEC_62196_T2",)),  # 32 A at 400 V between phases
        ("dc", 50_000, (CCS2,)),  # Level 3, nothing else said
        *[("dc", 120_000, ("TESLA_S",))] * 2,  # outside North America the number means Tesla's own plug
    ]


def test_what_drivers_cannot_go_to_is_skipped_with_its_reason():
    assert skipped(read("ocm", "ocm_verbose.json")) == {
        2: "planned",
        3: "removed",
        4: "delisted",
        5: "private, restricted access",
        10: "coordinates 0, 0",
        11: "duplicate",
        12: "not a station of this format",
        13: "no coordinates",
    }


def test_out_of_order_is_kept_apart_from_closed():
    rows = stations(read("ocm", "ocm_verbose.json"))
    assert (rows["Repairs"].status, rows["Repairs"].evses[0].status) == ("active", "out_of_service")
    assert (rows["Closed"].status, rows["Closed"].evses) == ("closed", ())


def test_swapped_coordinates_are_put_right_where_the_country_tells():
    swapped = stations(read("ocm", "ocm_verbose.json"))["Swapped"]
    assert (swapped.latitude, swapped.longitude) == (52.52, 13.405)
    assert swapped.notes == ("latitude and longitude were swapped",)


def test_the_compact_form_has_numbers_only():
    rows = stations(read("ocm", "ocm_compact.json"))
    assert (rows["Temple Road"].country, rows["Temple Road"].currency) == ("IN", "INR")
    assert plugs(rows["Temple Road"]) == [("ac", 3_000, ("DOMESTIC_M",))]
    assert rows["Country number unknown"].country == "AT"


@pytest.mark.parametrize("name", ["ocm_lookup.json", "ocpi_2_2.json", "ocpi_tariffs.json"])
def test_a_file_without_pois_is_refused(name):
    with pytest.raises(NotStations, match="no Open Charge Map locations"):
        read("ocm", name)
