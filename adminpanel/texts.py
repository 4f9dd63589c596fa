"""What the operator writes: its name, its address, and the texts that visitors read. Empty means the default text here.

The defaults say only what the software itself does, so that they are true on any installation.
"""

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from adminpanel.models import Setting
from bookings.models import Client
from evbunker.audit import record_change
from evbunker.db import atomic, claim
from evbunker.errors import DomainError


@dataclass(frozen=True)
class Text:
    """`long` ones are pages: paragraphs, headings ("# "), lists ("- ")."""

    label: str | Promise
    default: str | Promise
    long: bool = False


CONTACT = _(
    "Questions about a booking are answered fastest when we know which one: open it under Bookings and copy its "
    "address from the browser.\n\n"
    "Is somebody hurt, is there fire or smoke? Call the country's emergency number first, and keep away from the "
    "station."
)
TERMS = _(
    "The operator of this site has not published terms of its own yet. Until it does, this is how the software "
    "works.\n\n"
    "# Booking\n\n"
    "A booking promises you one EVSE for a period of whole quarter hours. Until it is paid it is only held for you, "
    "and the page shows until when.\n\n"
    "# Paying\n\n"
    "You pay the price that you were shown. It is computed from the station's tariff at that moment, and a later "
    "change of the tariff does not touch it.\n\n"
    "# Cancelling\n\n"
    "What is not paid can be given up at any time. For a paid booking, its own page says what can be done, and what "
    "the rule was when you booked."
)
PRIVACY = _(
    "The operator of this site has not published a privacy notice of its own yet. Until it does, this is what the "
    "software keeps.\n\n"
    "# What is kept\n\n"
    "- Your account: e-mail address, name, country, time zone, when you were last here.\n"
    "- Your vehicles, bookings, charging sessions and what they saved.\n"
    "- Your payments: amounts, times and the payment provider's reference. Card numbers never reach this site.\n"
    "- Who changed what: every change of a booking, a payment or an account is noted.\n\n"
    "# What is not done\n\n"
    "There is no advertising and no tracking. Two cookies are set, both needed: one keeps you signed in, one guards "
    "forms. Pages load nothing from other sites, unless the operator shows map tiles: then the provider of the map "
    "sees your network address.\n\n"
    "# Your rights\n\n"
    "Your profile page lets you download all of it, and delete your account. Payments and bookings stay in the books "
    "without your name."
)
SECURITY = _(
    "This is what the software does to keep your account and your money safe.\n\n"
    "- Passwords are kept as Argon2 hashes. Nobody can read them.\n"
    "- You can add a second factor to your account: an authenticator app or a passkey.\n"
    "- Amounts come from the server's own quote, and a payment counts only when the payment provider confirms it.\n"
    "- Every change that staff make is written to an audit trail that nobody can edit.\n\n"
    "# Found a weakness?\n\n"
    "Please tell the operator through the contact page before you tell others, and give it time to mend it."
)

TEXTS = {
    "operator_name": Text(_("Operator's name"), ""),
    "operator_address": Text(_("Operator's address, as receipts show it"), ""),
    "operator_tax_number": Text(_("Operator's tax number, as receipts show it"), ""),
    "operator_email": Text(_("E-mail address that the contact form writes to"), ""),
    "alert_recipients": Text(_("E-mail addresses that alerts go to, one a line"), ""),
    "contact": Text(_("Contact"), CONTACT, long=True),
    "terms": Text(_("Terms"), TERMS, long=True),
    "privacy": Text(_("Privacy"), PRIVACY, long=True),
    "security": Text(_("Security"), SECURITY, long=True),
}


SELLER = ("operator_name", "operator_address", "operator_tax_number")


class UnknownText(DomainError):
    code, status = "unknown_text", 422
    field = "key"
    message = _("There is no such text.")


def text_of(key: str) -> str:
    """The operator's text, or the default one."""
    written = Setting.objects.filter(key=key).values_list("value", flat=True).first()
    return written or str(TEXTS[key].default)


def seller() -> str:
    """Who sells, as receipts show it: name, address and tax number, as far as they are written, a line each."""
    written = dict(Setting.objects.filter(key__in=SELLER).values_list("key", "value"))
    return "\n".join(text.strip() for key in SELLER if (text := written.get(key, "")))


class ChangedMeanwhile(DomainError):
    code = "changed"
    message = _("Somebody else has saved this while your form was open. Nothing of yours is saved yet.")


def set_text(*, key: str, value: str, actor: Client, seen: str | None = None) -> Setting:
    """Write the text; an empty value brings the default back. Raises UnknownText.

    `seen` is what was written when a form was opened: if it no longer is, ChangedMeanwhile is raised.
    """
    if key not in TEXTS:
        raise UnknownText
    return write_setting(key=key, value=value, actor=actor, seen=seen)


def write_setting(*, key: str, value: str, actor: Client, seen: str | None = None) -> Setting:
    """Write a text or a value, and note who did, from what, to what: a text as a whole, for it may matter later what
    visitors were told. `seen` as in `set_text`.
    """
    try:
        return _write(key, value, actor, seen)
    except IntegrityError:  # somebody wrote it for the first time at the same moment
        return _write(key, value, actor, seen)


@atomic
def _write(key: str, value: str, actor: Client, seen: str | None) -> Setting:
    known = Setting.objects.filter(key=key).first()
    if seen is not None and seen != (known.value if known else ""):
        raise ChangedMeanwhile
    before: dict[str, Any] = {"value": known.value} if known else {}
    if known is None:
        known = Setting.objects.create(key=key, value=value)
    elif not claim(Setting.objects.filter(pk=known.pk).exclude(value=value), value=value):
        return known
    known.value = value
    record_change(actor=actor, action="setting.changed", record=known, before=before, after={"value": value})
    return known
