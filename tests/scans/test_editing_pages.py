"""Editing stations, tariffs and settings, and importing, read nothing in full that grows."""

from adminpanel.import_jobs import agree, work_imports
from adminpanel.models import StationImport
from bookings.models import Booking, Client, Evse, Station
from tests.adminpanel.desks import desk_of
from tests.adminpanel.test_editing import edit_of, fields_on
from tests.adminpanel.test_imports import handed_in, line, rows
from tests.plans import no_scans


def test_pages_of_editing(harbour: Station, evse: Evse, past: Booking, olga: Client) -> None:
    desk, tariff = desk_of(olga), f"/operations/tariffs/{harbour.tariff_id}/"
    pages = ["/operations/stations/new/", edit_of(harbour), f"/operations/stations/{harbour.pk}/tariff/"]
    pages += [f"/operations/evses/{evse.pk}/{act}/" for act in ("edit", "remove")]
    pages += ["/operations/tariffs/", tariff, f"{tariff}edit/", f"{tariff}assign/", f"{tariff}assign/?q=har"]
    pages += ["/operations/settings/", "/operations/settings/limits/", "/operations/settings/texts/terms/"]
    with no_scans():
        for page in pages:
            assert desk.get(page).status_code == 200, page
        closed = fields_on(desk.get(edit_of(harbour))) | {"always": "no", "status": "closed"}
        asked = desk.post(edit_of(harbour), closed)
        assert "would lie outside" in asked.content.decode()
        assert desk.post(edit_of(harbour), fields_on(asked)).status_code == 303


def test_importing(opal: Client) -> None:
    desk = desk_of(opal)
    with no_scans():
        job = handed_in(rows(*map(line, range(30))), opal)
        work_imports()
        for page in ("", f"{job.pk}/", f"{job.pk}/agree/"):
            assert desk.get(f"/operations/stations/import/{page}").status_code == 200
        assert agree(job=StationImport.objects.get(), actor=opal)
        work_imports()
    assert Station.objects.filter(source="mine").count() == 30
