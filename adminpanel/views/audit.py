"""The audit trail: everybody of the staff reads it, nobody changes it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from adminpanel.access import role_required
from adminpanel.audit_export import begin_export, csv_of
from adminpanel.audit_filter import AuditFilter
from adminpanel.audit_words import line_of
from adminpanel.downloads import csv_download
from adminpanel.walking import LOOKED_AT, Walked, walk
from bookings.views.answers import driver
from evbunker.models import Change


@require_safe
@role_required("viewer")
def audit(request: HttpRequest) -> HttpResponse:
    """Every act that fits the filters, newest first; htmx asks for more rows only."""
    return _page(request, AuditFilter(request.GET, zone=driver(request).zone))


@require_POST
@role_required("operator")
def export(request: HttpRequest) -> HttpResponse:
    """All acts that fit the filters, as a file. That it was taken is noted first, so it is a POST."""
    form = AuditFilter(request.POST, zone=driver(request).zone)
    if not form.is_valid():
        return _page(request, form, status=422)
    begun = begin_export(actor=driver(request), asked=form.asked_for())
    return csv_download(request, csv_of(form.wanted(), begun=begun), f"audit-{begun.created_at:%Y-%m-%d}.csv")


def _page(request: HttpRequest, form: AuditFilter, status: int = 200) -> HttpResponse:
    cursor = request.GET.get("cursor", "")
    found: Walked[Change] = walk(form.wanted().search(), cursor=cursor) if form.is_valid() else Walked()
    context = {
        "form": form, "zone": driver(request).zone, "filtered": form.is_filtered, "cursor": cursor, "found": found,
        "lines": [line_of(change) for change in found.rows], "looked_at": LOOKED_AT,
        "may_export": driver(request).has_role("operator"),
    }  # fmt: skip
    more_only = cursor and request.htmx  # type: ignore[attr-defined]
    template = "adminpanel/audit/_more_rows.html" if more_only else "adminpanel/audit/list.html"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
