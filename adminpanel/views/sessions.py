"""Charging sessions, as operators see them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from adminpanel.access import role_required
from adminpanel.acts import WhyForm
from adminpanel.session_acts import acts_of, will_end
from adminpanel.session_filter import SessionFilter
from adminpanel.session_lines import lines_of
from adminpanel.views.lists import listed
from bookings.models import ChargingSession
from bookings.stuck import NotStuck, end_stuck, stuck_sessions
from bookings.views.answers import SeeOther, driver
from evbunker.admin import uuid_of

AT_ONCE = 50
"""So many stuck sessions are ended by one form."""


@require_safe
@role_required("viewer")
def sessions(request: HttpRequest) -> HttpResponse:
    """What charges now and what is stuck; below, every session that fits the filters, the latest end first."""
    form = SessionFilter(request.GET, zone=driver(request).zone)
    return listed(request, form, "sessions", rows=lines_of)


@require_safe
@role_required("viewer")
def session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """One session: what flows, what it costs, and what its visitor can do."""
    shown = get_object_or_404(ChargingSession, pk=session_id)
    acts = acts_of(shown) if driver(request).has_role("operator") else []
    return render(request, "adminpanel/sessions/session.html", {"session": shown, "acts": acts})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("operator")
def stuck(request: HttpRequest) -> HttpResponse:
    """Ending several stuck sessions at once: what that does to each stands beside it."""
    form = WhyForm(request.POST if request.method == "POST" else None)
    chosen = {found for text in request.POST.getlist("session") if (found := uuid_of(text))}
    if request.method == "POST" and form.is_valid() and chosen:
        return _end(request, chosen, form.why)
    shown = [(one, will_end(one)) for one in stuck_sessions()[:AT_ONCE]]
    context: dict[str, Any] = {"form": form, "found": shown, "chosen": chosen}
    context["none_chosen"] = form.is_bound and not chosen
    return render(request, "adminpanel/sessions/stuck.html", context, status=422 if form.is_bound else 200)


def _end(request: HttpRequest, chosen: set[UUID], why: str) -> HttpResponse:
    """Each in a unit of work of its own; what has ended meanwhile is left alone and said."""
    ended = 0
    wanted = list(ChargingSession.objects.filter(pk__in=sorted(chosen)[:AT_ONCE]))
    for one in wanted:
        try:
            end_stuck(session=one, actor=driver(request), why=why)
            ended += 1
        except NotStuck:
            continue
    messages.success(request, ngettext("%(n)d session was ended.", "%(n)d sessions were ended.", ended) % {"n": ended})
    if ended < len(wanted):
        messages.info(request, _("The others had ended meanwhile."))
    return SeeOther(reverse("operations-sessions"))
