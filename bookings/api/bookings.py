"""Holding an EVSE, looking at one's bookings, starting and stopping to charge."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Header, Router

from bookings import refusals
from bookings.api.answers import respond
from bookings.api.schemas import BookingDetailOut, BookingOut, Wish, booking_detail, booking_out
from bookings.auth import client_of
from bookings.charging import start_session, stop_session
from bookings.holding import hold
from bookings.idempotency import Answer, once
from bookings.models import Booking, Client, Evse, Station
from evbunker.paging import Page, newest_first
from evbunker.ratelimit import address_of

router = Router()
IdempotencyKeyHeader = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]


@router.post("", response={201: BookingOut}, summary="Hold an EVSE")
def hold_evse(request: HttpRequest, wish: Wish, idempotency_key: IdempotencyKeyHeader = None) -> HttpResponse:
    """Hold an EVSE until it is paid for, or until the hold's deadline.

    With an `Idempotency-Key` the request may be repeated for a day: the same one gets the same answer.
    """
    client = client_of(request)

    def work(booking_id: UUID) -> Answer:
        made = Booking.objects.filter(pk=booking_id, client=client).first()
        booking = made or _hold(client, wish, booking_id=booking_id, address=address_of(request))
        return Answer(201, booking_out(booking).model_dump(mode="json"))

    asked = f"{request.path} {wish.model_dump_json()}"
    return respond(once(client=client, key=idempotency_key, request=asked, work=work))


def _hold(client: Client, wish: Wish, *, booking_id: UUID, address: str) -> Booking:
    return hold(
        client=client, evse=seen_evse(client, wish.evse_id), starts_at=wish.starts_at, minutes=wish.minutes,
        energy_wh=wish.energy_wh, address=address, booking_id=booking_id,
    )  # fmt: skip


def seen_evse(client: Client, evse_id: UUID) -> Evse:
    """The EVSE, if its station is one that `client` can see."""
    evse = Evse.objects.filter(pk=evse_id).first()
    if evse is None or not Station.objects.visible_to(client).filter(pk=evse.station_id).exists():
        raise refusals.UnknownEvse
    return evse


@router.get("", response=Page[BookingOut], summary="My bookings")
def list_bookings(request: HttpRequest, cursor: str = "") -> dict[str, object]:
    """My bookings, the latest made first. Time that was added to one is part of it."""
    rows, following = newest_first(Booking.objects.filter(client=client_of(request)).standalone(), cursor)
    return {"items": [booking_out(row) for row in rows], "next": following}


@router.get("/{uuid:booking_id}", response=BookingDetailOut, summary="One of my bookings")
def get_booking(request: HttpRequest, booking_id: UUID) -> BookingDetailOut:
    """One of my bookings, with its charging session."""
    return booking_detail(own_booking(request, booking_id))


@router.post("/{uuid:booking_id}/start", response=BookingDetailOut, summary="Start charging")
def start(request: HttpRequest, booking_id: UUID) -> BookingDetailOut:
    """Begin to charge, within the booked time. Safe to repeat."""
    booking = own_booking(request, booking_id)
    start_session(booking=booking, actor=client_of(request))
    return booking_detail(booking)


@router.post("/{uuid:booking_id}/stop", response=BookingDetailOut, summary="Stop charging")
def stop(request: HttpRequest, booking_id: UUID) -> BookingDetailOut:
    """Stop charging. Safe to repeat."""
    booking = own_booking(request, booking_id)
    stop_session(booking=booking, actor=client_of(request))
    return booking_detail(booking)


def own_booking(request: HttpRequest, booking_id: UUID) -> Booking:
    """The caller's own booking; anybody else's is not there."""
    return get_object_or_404(Booking, pk=booking_id, client=client_of(request))
