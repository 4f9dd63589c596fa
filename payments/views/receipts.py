"""The receipt of a payment and its credit notes: one page, and files."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from bookings.models import Booking
from bookings.views.answers import driver
from evbunker.ratelimit import allow
from payments.models import Payment
from payments.printing import printed
from payments.receipt_words import Document, buyer_of, chain_of, documents_of


@login_required
@require_safe
def receipt(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """All documents of one payment, and what they are about."""
    documents = _documents(request, payment_id)
    payment = documents[0].payment
    booking = Booking.objects.get(pk=payment.booking_id)
    own = booking.client_id == driver(request).pk
    context = {"documents": documents, "payment": payment, "booking": booking, "own": own, "buyer": buyer_of(payment)}
    return render(request, "payments/receipt.html", context | {"chain": chain_of(booking)})


@login_required
@require_safe
def receipt_file(request: HttpRequest, payment_id: UUID, reference: str = "") -> HttpResponse:
    """One document as PDF: the receipt, or the one called `reference`. Making it takes a while, hence the limit."""
    allow("document", f"client:{driver(request).pk}")
    documents = _documents(request, payment_id)
    wanted = [document for document in documents if not reference or document.row.reference == reference][:1]
    if not wanted:
        raise Http404
    booking = Booking.objects.get(pk=wanted[0].payment.booking_id)
    response = HttpResponse(printed(wanted, booking), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{wanted[0].row.reference}.pdf"'
    return response


def _documents(request: HttpRequest, payment_id: UUID) -> list[Document]:
    """Those of one's own payment, or of anybody's for staff; 404 where there are none."""
    payment = get_object_or_404(Payment.objects.visible_to(driver(request)), pk=payment_id)
    documents = documents_of(payment)
    if not documents:
        raise Http404
    return documents
