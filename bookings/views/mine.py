"""A driver's own bookings."""

import datetime as dt
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from bookings.calendar import calendar_file
from bookings.models import Booking
from bookings.views.answers import driver
from evbunker import clock
from evbunker.paging import BadCursor

MOST_UPCOMING = 100
"""More than anybody has: two unpaid ones, and never two at once within thirty days."""
PAST_AT_ONCE = 20


@login_required
@require_safe
def bookings(request: HttpRequest) -> HttpResponse:
    """What is to come, next first, and what is over, latest first; htmx asks for more rows only."""
    own, now = Booking.objects.filter(client=driver(request)).standalone(), clock.now()
    cursor = request.GET.get("cursor", "")
    past, following = latest_first(own.filter(Q(ends_at__lte=now) | ~Q(status__in=Booking.LIVE)), cursor)
    context = {"past": past, "next": following, "cursor": cursor}
    if not cursor:
        context["upcoming"] = list(own.upcoming(now).order_by("starts_at")[:MOST_UPCOMING])
    more_only = cursor and request.htmx  # type: ignore[attr-defined]
    response = render(request, "bookings/_past.html" if more_only else "bookings/mine.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def latest_first(rows: QuerySet[Booking], cursor: str) -> tuple[list[Booking], str]:
    """The page of `rows` that `cursor` names (empty: the first) and the cursor of the next one, empty at the end.

    `rows` are one client's, so few that any engine may sort them. Raises BadCursor.
    """
    if cursor:
        starts_at, last_id = _parse(cursor)
        rows = rows.filter(Q(starts_at__lt=starts_at) | Q(starts_at=starts_at, id__lt=last_id))
    page = list(rows.order_by("-starts_at", "-id")[: PAST_AT_ONCE + 1])
    last = page[PAST_AT_ONCE - 1] if len(page) > PAST_AT_ONCE else None
    return page[:PAST_AT_ONCE], f"{int(last.starts_at.timestamp()):x}-{last.pk.hex}" if last else ""


def _parse(cursor: str) -> tuple[dt.datetime, UUID]:
    try:
        seconds, last_id = cursor.split("-")
        return dt.datetime.fromtimestamp(int(seconds, 16), tz=dt.UTC), UUID(hex=last_id)
    except (ValueError, OverflowError, OSError):
        raise BadCursor from None


@login_required
@require_safe
def calendar(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """The booking for the driver's calendar."""
    booking = get_object_or_404(Booking, pk=booking_id, client=driver(request))
    response = HttpResponse(calendar_file(booking), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="booking.ics"'
    return response
