"""The audit trail in words: who did what to which record, what it was before and after."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.addresses import address_of_type
from evbunker.models import Change, Record

ACTIONS: dict[str, str | Promise] = {
    "audit.exported": gettext_lazy("took the audit trail as a file"),
    "booking.cancelled": gettext_lazy("cancelled the booking"),
    "booking.closed": gettext_lazy("closed the booking for its driver"),
    "booking.confirmed": gettext_lazy("confirmed the booking"),
    "booking.expired": gettext_lazy("let the hold expire"),
    "booking.extended": gettext_lazy("added time to the booking"),
    "booking.held": gettext_lazy("booked"),
    "booking.hold_extended": gettext_lazy("gave the hold more time"),
    "booking.moved": gettext_lazy("moved the booking"),
    "booking.shortened": gettext_lazy("shortened the booking"),
    "client.created": gettext_lazy("made the account"),
    "client.data_exported": gettext_lazy("took the client's data as a file"),
    "client.deactivated": gettext_lazy("deactivated the account"),
    "client.deleted": gettext_lazy("deleted the account"),
    "client.email": gettext_lazy("changed the e-mail address"),
    "client.emptied": gettext_lazy("took away a password at an address nobody had confirmed"),
    "client.factor_reset": gettext_lazy("took the second factor away"),
    "client.invited": gettext_lazy("sent an invitation"),
    "client.noted": gettext_lazy("noted something about the client"),
    "client.password_link": gettext_lazy("sent a link for a new password"),
    "client.profile": gettext_lazy("changed the profile"),
    "client.restored": gettext_lazy("restored the account"),
    "client.role": gettext_lazy("changed the role"),
    "client.suspended": gettext_lazy("suspended the account"),
    "command.again": gettext_lazy("began again what had been given up"),
    "command.set_aside": gettext_lazy("set aside what had been given up"),
    "demo.seeded": gettext_lazy("made the demonstration"),
    "evse.blocked": gettext_lazy("blocked the EVSE"),
    "evse.removed": gettext_lazy("removed the EVSE"),
    "evse.saved": gettext_lazy("saved the EVSE"),
    "evse.status": gettext_lazy("set the EVSE's status"),
    "payment.accepted": gettext_lazy("accepted what came"),
    "payment.disputed": gettext_lazy("called the payment back"),
    "payment.reconciled": gettext_lazy("asked the gateway"),
    "payment.returned": gettext_lazy("sent all of it back"),
    "payment.review": gettext_lazy("put the payment in review"),
    "receipt.resent": gettext_lazy("sent the receipt again"),
    "reconciliation.explained": gettext_lazy("explained what differed"),
    "refund.came_back": gettext_lazy("sent the refund back to us"),
    "refund.external": gettext_lazy("sent money back at the payment service"),
    "refund.failed": gettext_lazy("refused the refund"),
    "refund.requested": gettext_lazy("asked for money to go back"),
    "refund.set_aside": gettext_lazy("set the refused refund aside"),
    "session.completed": gettext_lazy("completed the session"),
    "session.started": gettext_lazy("began to charge"),
    "session.stopped": gettext_lazy("stopped charging"),
    "session.unused": gettext_lazy("found the booking not used"),
    "setting.changed": gettext_lazy("changed a setting"),
    "station.imported": gettext_lazy("imported the station"),
    "station.saved": gettext_lazy("saved the station"),
    "station.status": gettext_lazy("set the station's status"),
    "station.tariff": gettext_lazy("gave the station a tariff"),
    "tariff.saved": gettext_lazy("saved the tariff"),
    "token.created": gettext_lazy("made an API token"),
    "token.revoked": gettext_lazy("revoked an API token"),
    "vehicle.added": gettext_lazy("added a vehicle"),
    "vehicle.changed": gettext_lazy("changed a vehicle"),
    "vehicle.removed": gettext_lazy("removed a vehicle"),
}
"""What the acts are called; one that is not here is shown as it is noted."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
LONGEST = 120
"""Of one value, as it is shown; the file has all of it."""


@dataclass(frozen=True)
class Difference:
    """One value of a record that an act changed; None: there was none."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Line:
    """One act. `record` says what kind of record it was done with, `url` where that is shown, if anywhere."""

    change: Change
    sentence: str
    record: str
    url: str
    differences: list[Difference]

    @property
    def at(self) -> dt.datetime:
        return self.change.created_at


def line_of(change: Change) -> Line:
    """The act in words, without a look at any other record."""
    return Line(
        change, action_words(change.action), record_words(change.record_type),
        address_of_type(change.record_type, change.record_id), differences_of(change),
    )  # fmt: skip


def action_words(action: str) -> str:
    """`station.saved` -> saved the station."""
    return str(ACTIONS.get(action, action))


def record_words(record_type: str) -> str:
    """`bookings.evse` -> EVSE; of a kind that is no more, what it was called."""
    try:
        return str(apps.get_model(record_type)._meta.verbose_name)
    except (LookupError, ValueError):
        return record_type


def record_types() -> list[tuple[str, str]]:
    """Every kind of record there is, and what it is called, by that."""
    models = [model for model in apps.get_models() if issubclass(model, Record)]
    return sorted(((model._meta.label_lower, record_words(model._meta.label_lower)) for model in models), key=_called)


def _called(choice: tuple[str, str]) -> str:
    return choice[1].casefold()


def differences_of(change: Change) -> list[Difference]:
    """What was noted of the record, by its name, before and after."""
    names = [*change.before, *(name for name in change.after if name not in change.before)]
    return [Difference(_name(name), _shown(change.before, name), _shown(change.after, name)) for name in names]


def _name(name: str) -> str:
    return name.replace("_", " ")


def _shown(values: dict[str, Any], name: str) -> str | None:
    return shortened(text_of(values[name])) if name in values else None


def text_of(value: Any) -> str:
    """A value as a person reads it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(text_of(one) for one in value) or _("nothing")
    if isinstance(value, dict):
        return "; ".join(f"{_name(str(key))}: {text_of(one)}" for key, one in value.items()) or _("nothing")
    if value in (None, ""):
        return _("nothing")
    return f"{moment:%Y-%m-%d %H:%M} UTC" if (moment := _moment(str(value))) else str(value)


def _moment(text: str) -> dt.datetime | None:
    """The moment that `text` writes down, as JSON keeps it."""
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC) if MOMENT.match(text) else None
    except ValueError:
        return None


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
