"""No range and no part of the network makes analytics read in full what grows."""

from bookings.models import Booking, Client, Station
from tests.people import make_client
from tests.plans import no_scans
from tests.scans.test_no_scans import signed_in

PAGE = "/operations/analytics/"
COUNTED = frozenset({"bookings_client", "bookings_station", "adminpanel_dailytotal", "adminpanel_dailyuse"})
"""Sign-ups of a range are counted from the index on when they were; the stations of a range are compared by their
totals, as many as stations and days, however many bookings there were."""


def test_whatever_operators_ask_for(harbour: Station, past: Booking, dara: Client) -> None:
    desk = signed_in(make_client("vera", role="viewer"))
    scopes = ("", "class.dc", f"station.{harbour.pk.hex}", f"city.{harbour.pk.hex}")
    ranges = ({}, {"since": "2026-01-01", "until": "2026-03-31", "step": "week"}, {"since": "2025-01-01"})
    with no_scans(also_small=COUNTED):
        for scope in scopes:
            for asked in ranges:
                assert desk.get(PAGE, asked | {"of": scope}).status_code == 200, (scope, asked)
