"""AFDC: counts a level, no power."""

import pytest

from bookings.importers.rows import NotStations
from tests.bookings.importers.reading import plugs, read, skipped, stations

T1, CCS1, CHADEMO = "IEC_62196_T1", "IEC_62196_T1_COMBO", "CHADEMO"


def test_counts_become_evses_with_the_power_usual_at_their_level():
    rows = stations(read("afdc", "afdc.csv"))
    assert plugs(rows["Capitol Garage"]) == [*[("ac", 1_400, ("NEMA_5_20",))] * 2, ("ac", 7_200, (T1,))]
    assert plugs(rows["Plaza"]) == [*[("ac", 7_200, (T1,))] * 2, *[("dc", 50_000, (CHADEMO, CCS1))] * 2]
    assert plugs(rows["Supercharger"]) == [("dc", 120_000, ("TESLA_S",))] * 2
    assert [evse.label for evse in rows["Capitol Garage"].evses] == ["L1-1", "L1-2", "L2-1"]


def test_places_and_networks():
    garage = stations(read("afdc", "afdc.csv"))["Capitol Garage"]
    assert (garage.address, garage.network, garage.time_zone) == ("10 L St, Level 2", "", "America/Los_Angeles")


def test_what_is_out_of_order_is_listed_and_cannot_be_used():
    assert stations(read("afdc", "afdc.csv"))["Hotel"].evses[0].status == "out_of_service"


def test_what_makes_no_station_is_skipped():
    assert skipped(read("afdc", "afdc.csv")) == {
        6: "another fuel",
        7: "planned",
        8: "private, restricted access",
        9: "no EVSEs",
        10: "more than 300 EVSEs",
        11: "more cells than columns",
    }


@pytest.mark.parametrize("name", ["ncr.csv", "india.csv", "ocpi_2_2.json"])
def test_another_file_is_refused(name):
    with pytest.raises(NotStations, match="no AFDC stations"):
        read("afdc", name)
