"""How the status of a record looks: a tone and a shape beside the word, so that colour is never alone."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Look(NamedTuple):
    """`tone` is one of energy, wait, trouble, calm; `icon` a symbol of static/img/icons.svg."""

    tone: str
    icon: str
    label: str | Promise


UNKNOWN = Look("calm", "dot", "")

LOOKS = {
    # bookings
    "held": Look("wait", "clock", _("Waiting for payment")),
    "confirmed": Look("energy", "check", _("Confirmed")),
    "in_use": Look("energy", "bolt", _("Charging")),
    "completed": Look("calm", "check", _("Completed")),
    "no_show": Look("calm", "minus", _("Not used")),
    "expired": Look("calm", "clock", _("Expired")),
    "cancelled": Look("calm", "close", _("Cancelled")),
    # charging sessions
    "scheduled": Look("wait", "calendar", _("Scheduled")),
    "active": Look("energy", "bolt", _("Charging")),
    "aborted": Look("trouble", "warning", _("Stopped early")),
    # payments, refunds
    "created": Look("wait", "clock", _("Created")),
    "pending": Look("wait", "clock", pgettext_lazy("payment", "Waiting")),
    "captured": Look("energy", "check", pgettext_lazy("payment", "Paid")),
    "requested": Look("wait", "clock", _("On its way")),
    "submitted": Look("wait", "clock", _("On its way")),
    "succeeded": Look("energy", "check", _("Done")),
    "external": Look("energy", "check", _("Done")),
    "set_aside": Look("calm", "minus", _("Dealt with")),
    "failed": Look("trouble", "warning", _("Failed")),
    "review": Look("trouble", "search", _("In review")),
    # stations, EVSEs
    "available": Look("energy", "plug", _("Available")),
    "occupied": Look("wait", "car", _("Occupied")),
    "reserved": Look("wait", "clock", _("Reserved")),
    "faulted": Look("trouble", "warning", _("Faulted")),
    "out_of_service": Look("calm", "close", _("Out of service")),
    "station.active": Look("energy", "check", _("Active")),
    # clients
    "client.active": Look("energy", "check", _("Active")),
    "suspended": Look("trouble", "lock", _("Suspended")),
    "deactivated": Look("calm", "minus", _("Deactivated")),
    "deleted": Look("calm", "close", _("Deleted")),
    "closed": Look("wait", "close", _("Closed")),
    "retired": Look("calm", "minus", _("Retired")),
}


def look_of(status: str, model: str = "") -> Look:
    """The look of `status`, of that `model`'s if it has its own; an unknown one is calm and reads as it is written."""
    return (
        LOOKS.get(f"{model}.{status}")
        or LOOKS.get(status)
        or UNKNOWN._replace(label=status.replace("_", " ").capitalize())
    )
