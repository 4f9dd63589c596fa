"""Bookings and what they claim: made by services alone."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, Client, ClientSeat, ClientSlot, IdempotencyKey, SlotClaim
from evbunker.admin import RecordAdmin
from evbunker.money import format_money


class OwnedAdmin(RecordAdmin):
    """Records of one client each."""

    linked_by: tuple[str, ...] = ("client",)
    found_by = "client_id"
    search_help_text = _("Search by id, or by the client's id or e-mail address.")

    def search(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        if "@" not in term:
            return super().search(queryset, term)
        return queryset.filter(client__in=list(Client.objects.filter(email=term.lower()).values_list("pk", flat=True)))


@admin.register(Booking)
class BookingAdmin(OwnedAdmin):
    list_display = ("__str__", "client_name", "status", "quote", "created_at")
    list_filter = ("status",)
    linked_by = ("client", "evse", "station")

    @admin.display(description=_("Quote"))
    def quote(self, booking: Booking) -> str:
        return format_money(booking.quote_minor, booking.currency)


@admin.register(SlotClaim)
class SlotClaimAdmin(RecordAdmin):
    list_display = ("id", "kind", "slot", "created_at")
    linked_by = ("booking", "evse")
    found_by = "booking_id"
    search_help_text = _("Search by the id of a claim or of its booking.")


@admin.register(ClientSeat)
class ClientSeatAdmin(OwnedAdmin):
    list_display = ("id", "seat", "created_at")


@admin.register(ClientSlot)
class ClientSlotAdmin(OwnedAdmin):
    list_display = ("id", "slot", "created_at")


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(OwnedAdmin):
    list_display = ("key", "status_code", "created_at")
    hidden = ("request_hash", "answer")
