"""Receipts for accounting."""

from collections.abc import AsyncIterator, Iterator
from typing import cast

from asgiref.sync import sync_to_async
from django import forms
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from adminpanel.access import role_required
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
    pieces = csv_of(since, until)
    content = _awaited(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="receipts-{since}-{until}.csv"'
    return cast("HttpResponse", response)  # `role_required` passes on whatever it is


async def _awaited(pieces: Iterator[str]) -> AsyncIterator[str]:
    """An ASGI server reads a plain iterator to its end before it sends anything."""
    step = sync_to_async(lambda: next(pieces, None))
    while (piece := await step()) is not None:
        yield piece
