"""No page of operators about stations reads in full what grows, whatever is asked for."""

import datetime as dt
import re
from itertools import combinations

from bookings.models import Booking, Client, Evse, Outage, Station
from bookings.stations import set_evse_status
from tests.adminpanel.desks import desk_of
from tests.booking_steps import slot_in
from tests.people import make_client
from tests.plans import no_scans
from tests.scans.test_no_scans import signed_in

LIST = "/operations/stations/"
FILTERS = (
    ("q", "harb"), ("status", "retired"), ("status", "active"), ("evse", "faulted"), ("evse", "available"),
    ("bookable", "yes"), ("bookable", "no_tariff"), ("network", "test"), ("country", "NZ"),
)  # fmt: skip


def test_whatever_operators_combine(harbour: Station, past: Booking) -> None:
    desk = signed_in(make_client("vera", role="viewer"))
    asked = [dict(chosen) for many in (0, 1, 2) for chosen in combinations(FILTERS, many)]
    boxes = ["", "50,10,55,20", "-45,170,-40,180", "-50,160,-30,190"]
    with no_scans():
        for query in asked:
            assert desk.get(LIST, query).status_code == 200, query
        for box in boxes:
            assert desk.get(f"{LIST}map/", {"box": box}).status_code == 200, box


def test_one_station_its_board_and_acts(harbour: Station, evse: Evse, past: Booking, opal: Client) -> None:
    desk, page = desk_of(opal), f"{LIST}{harbour.pk}/"
    since, until = (slot_in(minutes).astimezone(harbour.zone) for minutes in (100, 400))
    form = {"evse": "", "note": "New cable", "since": f"{since:%Y-%m-%dT%H:%M}", "until": f"{until:%Y-%m-%dT%H:%M}"}
    status = {"evses": [str(evse.pk)], "status": "faulted", "note": "New cable", "step": "do"}
    with no_scans():
        set_evse_status(evse=evse, status="out_of_service", actor=opal)
        names = ("", "board/", "block/", "unblock/", "status/", "open/", "close/", "retire/")
        for name in names:
            assert desk.get(f"{page}{name}").status_code == 200, name
        assert desk.get(f"{page}board/", {"date": past.starts_at.date().isoformat()}).status_code == 200
        assert desk.get(f"{LIST}outages/{Outage.objects.get(evse=evse).pk}/").status_code == 200
        for path, asked in ((f"{page}block/", form | {"step": "do"}), (f"{page}status/", status)):
            shown = desk.post(path, asked | {"step": ""}).content.decode()
            (seen,) = re.findall(r'name="seen" value="([^"]+)"', shown)
            assert desk.post(path, asked | {"seen": seen}).status_code == 303
        assert desk.post(f"{page}unblock/", form).status_code == 303
    assert until - since > dt.timedelta(hours=4)
