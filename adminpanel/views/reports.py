"""Reports: on the screen, as files, and every month by e-mail."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from adminpanel.access import role_required
from adminpanel.models import ReportJob
from adminpanel.report_files import FORMS, cells_of, head_of, shown
from adminpanel.report_forms import ReportForm, ScheduleForm
from adminpanel.report_jobs import ask_for_report, content_of, has_file, type_of
from adminpanel.report_panels import schedules
from adminpanel.report_schedules import schedule_report
from adminpanel.report_tables import Report, is_long, report_of
from bookings.views.answers import SeeOther, driver
from evbunker.moments import format_moment


@require_safe
@role_required("viewer")
def reports(request: HttpRequest) -> HttpResponse:
    """One report on the screen, unless it is a long one; and the files that were made last."""
    form = ReportForm(request.GET)
    context: dict[str, object] = {"form": form, "may_make": driver(request).has_role("operator")}
    if form.is_valid():
        terms = form.terms()
        context |= {"terms": terms, "long": is_long(terms)}
        context |= {} if context["long"] else _table(report_of(terms))
    return render(request, "adminpanel/reports/reports.html", context)


def _table(report: Report) -> dict[str, object]:
    """The same words as in the PDF."""
    return {
        "report": report,
        "head": [text.partition(" (")[0] for text in head_of(report)],
        "rows": [cells_of(report, row, shown) for row in report.rows],
        "totals": [cells_of(report, row, shown) for row in report.totals],
    }


@require_POST
@role_required("operator")
def make(request: HttpRequest) -> HttpResponse:
    """Have a file made of what the form asks for, then on to where its progress shows."""
    form = ReportForm(request.POST)
    wanted = request.POST.get("form", "")
    if not form.is_valid() or wanted not in FORMS:
        asked = {name: value for name, value in request.POST.items() if name in form.fields}
        return SeeOther(f"{reverse('operations-reports')}?{urlencode(asked)}")
    job = ask_for_report(terms=form.terms(), form=wanted, actor=driver(request))
    return SeeOther(reverse("operations-report", args=[job.pk]))


@require_safe
@role_required("viewer")
def report(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """How far one report is; its file as soon as it is made."""
    return render(request, "adminpanel/reports/report.html", {"job": get_object_or_404(ReportJob, pk=job_id)})


@require_safe
@role_required("viewer")
def report_file(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The file, as long as it is kept."""
    job = get_object_or_404(ReportJob, pk=job_id)
    if not has_file(job):
        raise Http404
    response = HttpResponse(b"".join(content_of(job)), content_type=type_of(job))
    response["Content-Disposition"] = f'attachment; filename="{job.file_name}"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("viewer")
def monthly(request: HttpRequest) -> HttpResponse:
    """What is sent every month; operators add to it."""
    may_act = driver(request).has_role("operator")
    if request.method == "POST":
        if not may_act:
            raise PermissionDenied
        return _schedule(request)
    return _monthly_page(request, ScheduleForm(email=driver(request).email) if may_act else None)


def _schedule(request: HttpRequest) -> HttpResponse:
    form = ScheduleForm(request.POST)
    if not form.is_valid():
        return _monthly_page(request, form, status=422)
    asked = form.cleaned_data
    made = schedule_report(
        kind=asked["kind"], by=asked["by"], form=asked["form"], station=asked["station"],
        recipients=asked["recipients"], actor=driver(request),
    )  # fmt: skip
    when = format_moment(made.next_at, made.terms["zone"])
    messages.success(request, _("The first one is sent on %(when)s.") % {"when": when})
    return SeeOther(reverse("operations-reports-monthly"))


def _monthly_page(request: HttpRequest, form: ScheduleForm | None, status: int = 200) -> HttpResponse:
    context = {"form": form, "schedules": schedules(), "zone": driver(request).zone}
    return render(request, "adminpanel/reports/monthly.html", context, status=status)
