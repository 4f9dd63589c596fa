"""What operators may do with a charging session: what each act will do, why it cannot be done now, and doing it."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.acts import Act, Subject
from adminpanel.session_lines import Line, line_of
from bookings.charging import cost_so_far_minor, known_so_far
from bookings.models import Booking, ChargingSession, Client
from bookings.refusals import NotCharging
from bookings.stuck import NotStuck, end_stuck, is_stuck, why_stuck
from evbunker.money import format_money
from evbunker.units import ENERGY, format_quantity
from payments.stopping import stop_by_operator

Status = ChargingSession.Status


def session_page(session: ChargingSession) -> str:
    return reverse("operations-session", args=[session.pk])


def _facts(session: ChargingSession) -> list[str]:
    return [f"{session.station_name}, {session.evse_label}", session.client_name]


SESSION = Subject(ChargingSession, gettext_lazy("Session"), session_page, _facts)


def how_known(line: Line) -> str:
    """`12.4 kWh (estimated)`; empty if nothing flowed."""
    if line.energy_wh is None:
        return ""
    source = _("metered") if line.is_metered else _("estimated")
    return f"{format_quantity(line.energy_wh, ENERGY)} ({source})"


def _will_stop(session: ChargingSession) -> str:
    """Without figures, which grow while somebody reads."""
    ends = _("The session ends now in the books, with the energy known by then. What was paid beyond it goes back to "
             "%(client)s, who is told by e-mail and reads why.") % {"client": session.client_name}  # fmt: skip
    cable = _("The station is not connected: it is not told to stop, so somebody there may have to unplug the car.")
    return f"{ends} {cable}"


def _not_charging(session: ChargingSession) -> str:
    return "" if session.status == Status.ACTIVE else str(NotCharging.message)


def _stop(session: ChargingSession, actor: Client, note: str) -> str:
    booking = Booking.objects.get(pk=session.booking_id)
    ended = stop_by_operator(booking=booking, actor=actor, note=note)
    return _("Stopped: %(energy)s for %(cost)s.") % {
        "energy": how_known(line_of(ended)), "cost": format_money(ended.cost_minor, ended.currency),
    }  # fmt: skip


def will_end(session: ChargingSession) -> str:
    """What ending a stuck session by hand comes to: its booked end is over, so the figures stand."""
    booking = Booking.objects.get(pk=session.booking_id)
    why = why_stuck(session, booking)
    if session.status != Status.ACTIVE:
        return f"{why} {_('It is closed as not used, by the terms of its booking.')}"
    cost_minor = cost_so_far_minor(booking, known_so_far(booking, session).energy_wh)
    names = {"energy": how_known(line_of(session)), "cost": format_money(cost_minor, session.currency)}
    if booking.status != Booking.Status.IN_USE:
        return f"{why} {_('The session ends with %(energy)s; its booking stays as it is.') % names}"
    return f"{why} {_('It ends with %(energy)s, which cost %(cost)s; what was paid beyond that goes back.') % names}"


def _not_stuck(session: ChargingSession) -> str:
    return "" if is_stuck(session) else str(NotStuck.message)


def _end(session: ChargingSession, actor: Client, note: str) -> str:
    end_stuck(session=session, actor=actor, why=note)
    return _("The session is ended.")


ACTS: dict[str, Act] = {
    "end": Act(
        gettext_lazy("End the stuck session"), gettext_lazy("End it"), "check", SESSION, will_end, _not_stuck, _end
    ),
    "stop": Act(
        gettext_lazy("Stop charging"), gettext_lazy("Stop charging now"), "close", SESSION, _will_stop, _not_charging,
        _stop,
    ),
}  # fmt: skip


def acts_of(session: ChargingSession) -> list[tuple[str, str, str]]:
    """(name, title, icon) of what can be done now; a stuck session is ended, not stopped."""
    names = ["end"] if is_stuck(session) else ["stop"]
    return [(name, str(ACTS[name].title), ACTS[name].icon) for name in names if not ACTS[name].why_not(session)]
