"""Receipts for accounting."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from adminpanel.access import role_required
from adminpanel.downloads import csv_download
from payments.receipt_export import csv_of


class PeriodForm(forms.Form):
    """Two local days, both included."""

    since = forms.DateField()
    until = forms.DateField()

    def __init__(self, request: HttpRequest) -> None:
        super().__init__({"since": request.GET.get("from"), "until": request.GET.get("to")})


@require_safe
@role_required("operator")
def receipts_csv(request: HttpRequest) -> HttpResponse:
    """`?from=2026-01-01&to=2026-03-31`: everything issued on those days, sent while it is read."""
    form = PeriodForm(request)
    if not form.is_valid():
        told = _("Name two days: ?from=2026-01-01&to=2026-03-31")
        return HttpResponse(str(told), status=422, content_type="text/plain; charset=utf-8")
    since, until = form.cleaned_data["since"], form.cleaned_data["until"]
    return csv_download(request, csv_of(since, until), f"receipts-{since}-{until}.csv")
