"""Importing stations: hand a file in, see what it would do, agree."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from adminpanel.access import role_required
from adminpanel.editing import id_of
from adminpanel.import_acts import acts_of, import_page
from adminpanel.import_forms import ImportForm, pieces_of
from adminpanel.import_jobs import hand_in
from adminpanel.import_panels import standing
from adminpanel.models import StationImport
from adminpanel.views.editing import page_if_there
from bookings.views.answers import SeeOther, driver
from evbunker.db import newest
from evbunker.models import new_id

LISTED = 20


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("operator")
def imports(request: HttpRequest) -> HttpResponse:
    """The form, and the imports of late."""
    staff = driver(request)
    form = ImportForm(*_sent(request), may_price=staff.has_role("owner"))
    if request.method == "POST" and form.is_valid():
        file, job_id = form.cleaned_data["file"], id_of(request.POST.get("id", "")) or new_id()
        job = hand_in(
            pieces=pieces_of(file), file_name=file.name, source=form.source_name(), terms=form.terms(), actor=staff,
            job_id=job_id,
        )  # fmt: skip
        return SeeOther(import_page(job))
    late = newest(StationImport.objects.all(), by="created_at", limit=LISTED)
    context = {
        "form": form, "id": new_id(), "zone": staff.zone, "back": page_if_there("operations-stations"),
        "late": [{"job": job, **standing(job)} for job in late],
    }  # fmt: skip
    return render(request, "adminpanel/imports/list.html", context, status=422 if form.errors else 200)


def _sent(request: HttpRequest) -> tuple[Any, Any]:
    """What was sent, be it nothing; None where nothing is sent at all."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


@require_safe
@role_required("operator")
def one_import(request: HttpRequest, import_id: UUID) -> HttpResponse:
    job = get_object_or_404(StationImport, pk=import_id)
    return render(request, "adminpanel/imports/import.html", {"job": job, "acts": acts_of(job), **standing(job)})
