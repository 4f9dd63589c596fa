"""Steps of the tests that pay at Razorpay's stand-in."""

from typing import Any

from bookings.models import Booking, Client, Evse
from payments.integrity import check_integrity
from payments.models import Payment
from payments.starting import start_payment
from tests.booking_steps import held
from tests.payments.standins.razorpay import RazorpayStandIn
from tests.payments.stripe_steps import VISITOR, status_of, work_outbox

WEBHOOK = "/payments/webhooks/razorpay/"


def to_pay(client: Client, evse: Evse, **wish: int) -> Payment:
    """An attempt to pay a fresh hold at Razorpay."""
    return start_payment(booking=held(client, evse, **wish), gateway="razorpay")


def send(body: bytes, headers: dict[str, str]) -> Any:
    """Bring a webhook to us, without a server between."""
    extra = {name: value for name, value in headers.items() if name != "Content-Type"}
    return VISITOR.post(WEBHOOK, body, content_type="application/json", headers=extra)


def post(body: bytes, headers: dict[str, str]) -> int:
    return send(body, headers).status_code


def paid(payment: Payment, company: RazorpayStandIn) -> Payment:
    """Paid at once, and we were told."""
    company.pay(payment.gateway_ref)
    assert set(company.deliver(post)) == {200}
    assert status_of(payment) == "captured"
    return payment


def money_kept(company: RazorpayStandIn) -> int:
    """What Razorpay has of all drivers: captured and not sent back."""
    captured = {one["id"]: one["amount"] for one in company.all("payment") if one["captured"]}
    back = [one for one in company.all("refund") if one["status"] == "processed" and one["payment_id"] in captured]
    return sum(captured.values()) - sum(one["amount"] for one in back)


def ends_well(payment: Payment, company: RazorpayStandIn) -> str:
    """`confirmed` or `returned`: nothing else may become of money that came, and both books say the same."""
    work_outbox()
    payment.refresh_from_db()
    assert check_integrity() == []
    assert (payment.status, payment.captured_minor) == ("captured", payment.amount_minor)
    assert money_kept(company) == payment.captured_minor - payment.refunded_minor
    if Booking.objects.get(pk=payment.booking_id).is_paid:
        assert payment.refunded_minor == 0
        return "confirmed"
    assert payment.refunded_minor == payment.amount_minor
    return "returned"
