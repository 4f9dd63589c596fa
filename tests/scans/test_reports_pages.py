"""No report and no page of reports reads in full what grows with bookings."""

from adminpanel.models import ReportJob
from adminpanel.report_jobs import make_reports
from adminpanel.report_schedules import send_due_reports
from bookings.models import Booking, Client, Station
from tests.adminpanel.desks import desk_of
from tests.plans import no_scans

PAGE = "/operations/reports/"


def test_reports_read_sums_of_days_by_index(harbour: Station, past: Booking, opal: Client) -> None:
    desk = desk_of(opal)
    days = {"first": past.confirmed_day.replace(day=1), "last": past.confirmed_day}
    with no_scans(also_small=frozenset({"bookings_tariff"})):
        for kind in ("usage", "financial", "energy", "uptime"):
            for by in ("day", "station"):
                for station in ("", str(harbour.pk)):
                    if kind == "uptime" and not station:
                        continue  # it walks through all stations, in a worker where there are many
                    asked = {"kind": kind, "by": by, "station": station, **days}
                    assert desk.get(PAGE, asked).status_code == 200, asked
        for form in ("csv", "pdf"):
            page = desk.post(f"{PAGE}make/", {"kind": "usage", "by": "day", "form": form, **days})["Location"]
            assert desk.get(page).status_code == 200
        assert make_reports() == 2
        assert send_due_reports() == 0
        assert desk.get(f"{page}file/").status_code == 200
        assert desk.get(f"{PAGE}monthly/").status_code == 200
    assert ReportJob.objects.filter(state="done").count() > 2
