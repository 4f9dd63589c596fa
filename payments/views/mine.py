"""A driver's own payments."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from bookings.views.answers import driver
from evbunker.paging import newest_first
from payments.models import Payment


@login_required
@require_safe
def payments(request: HttpRequest) -> HttpResponse:
    """Every attempt to pay, newest first; htmx asks for more rows only."""
    cursor = request.GET.get("cursor", "")
    rows, following = newest_first(Payment.objects.filter(client=driver(request)), cursor)
    more_only = cursor and request.htmx  # type: ignore[attr-defined]
    template = "payments/_payments.html" if more_only else "payments/payments.html"
    response = render(request, template, {"payments": rows, "next": following})
    patch_vary_headers(response, ["HX-Request"])
    return response
