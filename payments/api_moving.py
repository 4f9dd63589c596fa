"""The calls of the JSON API that give a booking another time."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel

from bookings.api.answers import respond
from bookings.api.bookings import IdempotencyKeyHeader, own_booking, seen_evse
from bookings.api.inputs import Instant, Whole
from bookings.api.schemas import BookingDetailOut, booking_detail
from bookings.auth import client_of
from bookings.idempotency import Answer, once
from bookings.models import Booking
from evbunker.ratelimit import address_of
from payments.moving import extend_booking, move_booking, shorten_booking

router = Router(tags=["bookings"])


class NewTime(BaseModel):
    """When the booking shall begin, and at which EVSE of its station if not at the same one."""

    starts_at: Instant
    evse_id: UUID | None = None


@router.post("/bookings/{uuid:booking_id}/move", response=BookingDetailOut, summary="Move a booking")
def move(
    request: HttpRequest, booking_id: UUID, wish: NewTime, idempotency_key: IdempotencyKeyHeader = None
) -> HttpResponse:
    """Give a booking that has not begun another time of the same length, at the same price.

    What can be refused is what holding it there could be. A free cancellation that is over does not come back.
    """
    booking, client = own_booking(request, booking_id), client_of(request)

    def work(_made_id: UUID) -> Answer:
        evse = seen_evse(client, wish.evse_id) if wish.evse_id else None
        move_booking(
            booking=booking, starts_at=wish.starts_at, actor=client, evse=evse, address=address_of(request)
        )  # fmt: skip
        return _answer(booking)

    asked = f"{request.path} {wish.model_dump_json()}"
    return respond(once(client=client, key=idempotency_key, request=asked, work=work))


class MoreTime(BaseModel):
    """How many `minutes` more, or less if negative, and how much more energy."""

    minutes: Whole
    energy_wh: Whole = 0


@router.post("/bookings/{uuid:booking_id}/extend", response=BookingDetailOut, summary="Extend or shorten a booking")
def extend(
    request: HttpRequest, booking_id: UUID, wish: MoreTime, idempotency_key: IdempotencyKeyHeader = None
) -> HttpResponse:
    """Add time to the end of a paid booking that is not over, or with fewer `minutes` than 0 take some off before it
    begins.

    Time that costs something waits in `extension` until it is paid: begin to pay the booking once more. Of what is
    taken off comes back what the booking's policy says.
    """
    booking, client = own_booking(request, booking_id), client_of(request)

    def work(made_id: UUID) -> Answer:
        if wish.minutes < 0:
            shorten_booking(booking=booking, less_minutes=-wish.minutes, actor=client, change_id=made_id)
        else:
            extend_booking(
                booking=booking, minutes=wish.minutes, energy_wh=wish.energy_wh, actor=client,
                address=address_of(request), extension_id=made_id,
            )  # fmt: skip
        return _answer(booking)

    asked = f"{request.path} {wish.model_dump_json()}"
    return respond(once(client=client, key=idempotency_key, request=asked, work=work))


def _answer(booking: Booking) -> Answer:
    booking.refresh_from_db()
    return Answer(200, booking_detail(booking).model_dump(mode="json"))
