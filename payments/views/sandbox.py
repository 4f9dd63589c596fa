"""The pay page of the sandbox gateway: as if on another site, so it knows neither session nor client."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from bookings.views.answers import SeeOther, refused
from evbunker.errors import DomainError
from evbunker.ratelimit import address_of, allow
from payments.gateways import offered
from payments.models import SandboxPayment
from payments.sandbox import OUTCOMES, decide


class UnknownOutcome(DomainError):
    code, status = "unknown_outcome", 422
    field = "outcome"
    message = _("Choose one of the three.")


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def sandbox_pay(request: HttpRequest, gateway_ref: str) -> HttpResponse:
    """Show what is to be paid; take the payer's choice and send the browser back to the shop."""
    if "sandbox" not in offered():
        raise Http404
    book = get_object_or_404(SandboxPayment, gateway_ref=gateway_ref)
    if request.method != "POST":
        return render(request, "payments/sandbox.html", {"book": book})
    try:
        _decide(request, book)
    except DomainError as error:
        return refused(request, "payments/sandbox.html", {"book": book}, error)
    return SeeOther(book.return_url)


def _decide(request: HttpRequest, book: SandboxPayment) -> None:
    allow("sandbox", f"address:{address_of(request)}")
    outcome = request.POST.get("outcome", "")
    if outcome not in OUTCOMES:
        raise UnknownOutcome
    decide(book, outcome)
