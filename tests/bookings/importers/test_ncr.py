"""The UK's National Chargepoint Registry."""

import pytest

from bookings.importers.rows import NotStations
from tests.bookings.importers.reading import plugs, read, skipped, stations


def test_dc_connectors_of_a_device_are_one_evse_ac_connectors_one_each():
    park = stations(read("ncr", "ncr.csv"))["Park Lane"]
    assert plugs(park) == [("dc", 50_000, ("CHADEMO", "IEC_62196_T2_COMBO")), ("ac", 43_000, ("IEC_62196_T2",))]
    assert [(evse.source_id, evse.label, evse.status) for evse in park.evses] == [
        ("1", "1", "available"),
        ("3", "3", "out_of_service"),
    ]


def test_address_network_and_access_times():
    park, garage = (stations(read("ncr", "ncr.csv"))[name] for name in ("Park Lane", "Car park"))
    assert (park.address, park.city, park.network, park.currency) == ("22 Park Lane", "Mayfair", "Big Network", "GBP")
    assert park.opening_hours == {
        "regular_hours": [
            {"weekday": 1, "period_begin": "10:00", "period_end": "22:00"},
            {"weekday": 2, "period_begin": "10:00", "period_end": "24:00"},
        ]
    }
    assert (garage.network, garage.opening_hours) == ("", {})
    assert garage.evses[0].status == "out_of_service"


def test_what_makes_no_station_is_skipped():
    assert skipped(read("ncr", "ncr.csv")) == {
        4: "planned",
        5: "removed",
        6: "unknown country",  # a shifted row
        7: "no EVSE with a plausible power",  # 700 kW through a Type 2 plug
    }


def test_watts_in_the_column_of_kilowatts_are_read_as_meant():
    hammock = stations(read("ncr", "ncr.csv"))["Hammock"]
    assert plugs(hammock) == [("ac", 7_000, ("IEC_62196_T2",))]
    assert len(hammock.notes) == 1


@pytest.mark.parametrize("name", ["afdc.csv", "india.csv", "ocm_compact.json"])
def test_another_file_is_refused(name):
    with pytest.raises(NotStations, match="National Chargepoint Registry"):
        read("ncr", name)
