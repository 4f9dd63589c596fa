"""Moving, extending and shortening read by indexes alone, and so does what is shown of it."""

import datetime as dt

from bookings.models import Booking, Client, Evse, Station
from evbunker import clock
from payments.outbox import work_outbox
from tests.booking_steps import decide, paid, pending
from tests.plans import no_scans
from tests.scans.test_no_scans import signed_in

HOUR = dt.timedelta(hours=1)


def test_another_time(harbour: Station, evse: Evse, dara: Client) -> None:
    browser, booking = signed_in(dara), paid(dara, evse, in_minutes=300)
    page = f"/bookings/{booking.pk}/"
    with no_scans():
        wanted = {"start": (booking.starts_at + HOUR).isoformat()}
        for asked in ({}, wanted, {"minutes": "30"}, {"minutes": "-30"}):
            assert browser.get(f"{page}change/", asked).status_code == 200
        assert browser.post(f"{page}move/", wanted).status_code == 303
        assert browser.post(f"{page}extend/", {"minutes": "30"}).status_code == 303
        extension = Booking.objects.filter(extends=booking).get()
        for path in (page, f"/bookings/{extension.pk}/", "/bookings/", "/dashboard/", "/api/v1/bookings"):
            assert browser.get(path).status_code == 200
        decide(pending(extension))
        assert browser.get(f"/bookings/{extension.pk}/").status_code == 303
        assert browser.post(f"{page}extend/", {"minutes": "-45"}).status_code == 303
        assert browser.get(page).status_code == 200
        work_outbox()
        with clock.shifted(booking.starts_at + HOUR - clock.now()):
            assert browser.post(f"{page}start/").status_code == 303
            assert browser.post(f"{page}stop/").status_code == 303
            work_outbox()
        with clock.shifted(dt.timedelta(days=1)):
            work_outbox()
