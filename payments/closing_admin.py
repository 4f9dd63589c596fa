"""Closing a booking from its page in the Django admin: why, and what goes back, before it happens."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget

from bookings.admin.bookings import BookingAdmin
from bookings.models import Booking
from evbunker.admin import has_role
from evbunker.errors import DomainError
from payments.closing import LONGEST_NOTE, SHORTEST_NOTE, close_booking, goes_back_minor, may_close

admin.site.unregister(Booking)


class ClosingForm(forms.Form):
    """The operator's words, and the amount that stood on the page."""

    note = forms.CharField(
        label=_("Why"),
        help_text=_("The driver reads this on the booking's page and in an e-mail."),
        min_length=SHORTEST_NOTE,
        max_length=LONGEST_NOTE,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )
    shown_minor = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


@admin.register(Booking)
class ClosableBookingAdmin(BookingAdmin):
    """Bookings know nothing of money, so the act that sends it back is added here."""

    actions_detail = ("close",)

    def has_close_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return has_role(request, "operator")

    @action(description=_("Close this booking"), url_path="close", permissions=["close"])  # type: ignore[untyped-decorator]
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET asks for a reason, POST closes; the amount that was shown goes back, or nothing happens."""
        booking = self.get_object(request, object_id)
        if booking is None:
            raise Http404
        form = ClosingForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and self._close(request, booking, form.cleaned_data):
            return HttpResponseRedirect(reverse("admin:bookings_booking_change", args=[booking.pk]))
        back_minor = goes_back_minor(booking)
        form.data = {**request.POST.dict(), "shown_minor": back_minor} if form.is_bound else form.data
        form.initial["shown_minor"] = back_minor
        context = self.admin_site.each_context(request) | {
            "title": _("Close this booking"), "opts": self.opts, "booking": booking, "form": form,
            "back_minor": back_minor, "may_close": may_close(booking),
        }  # fmt: skip
        return render(request, "adminpanel/close_booking.html", context)

    def _close(self, request: HttpRequest, booking: Booking, said: dict[str, Any]) -> bool:
        actor: Any = request.user
        try:
            close_booking(booking=booking, actor=actor, note=said["note"], shown_minor=said["shown_minor"])
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            booking.refresh_from_db()
            return False
        self.message_user(request, _("The booking is closed."), messages.SUCCESS)
        return True
