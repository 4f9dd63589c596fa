"""Alerts: since when each thing needs an operator, and e-mail about it, once when it begins and once when it is over.

`record_alerts` runs every minute, in any number of schedulers at once. It cannot tell of its own silence: that is for
the pages, which ask themselves, and for whoever watches /readyz.
"""

import logging
import re
import smtplib
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import IntegrityError
from django.template.loader import render_to_string
from django.utils.translation import ngettext

from adminpanel.models import Alert
from adminpanel.needs import Need, needs_now
from adminpanel.texts import text_of
from evbunker import clock
from evbunker.db import atomic, claim

log = logging.getLogger(__name__)
RECIPIENTS = "alert_recipients"
LONGEST_SENTENCE = 300


class Recorded(NamedTuple):
    """How many alerts began, how many were told by e-mail, how many are over."""

    begun: int
    told: int
    over: int


def record_alerts() -> Recorded:
    """Note what needs an operator since now, forget what does not any more, and tell of both. Safe to repeat.

    What is over before it was seen a second time is told of by nobody: a fault of seconds is no news.
    """
    found = {need.key: need for need in needs_now()}
    known = {alert.key: alert for alert in Alert.objects.all()}
    over = [alert for key, alert in known.items() if key not in found and _end(alert)]
    lasting = [alert for key, alert in known.items() if key in found]
    begun = sum(_begun(need) for key, need in found.items() if key not in known)
    return Recorded(begun, _tell(lasting, over, found), len(over))


def recipients() -> list[str]:
    """The addresses that alerts go to, as the operator wrote them; what is none is left out."""
    return [address for address in re.split(r"[\s,;]+", text_of(RECIPIENTS)) if is_address(address)]


def can_tell() -> bool:
    """Does anybody get an e-mail about them?"""
    return bool(settings.EMAIL_URL and recipients())


def is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _begun(need: Need) -> bool:
    try:
        _begin(need)
    except IntegrityError:  # another scheduler saw it first
        return False
    return True


@atomic
def _begin(need: Need) -> None:
    Alert.objects.create(key=need.key, since=need.since, sentence=need.sentence[:LONGEST_SENTENCE])


@atomic
def _end(alert: Alert) -> bool:
    deleted, _by_model = Alert.objects.filter(pk=alert.pk).delete()
    return bool(deleted)


def _tell(lasting: list[Alert], over: list[Alert], found: dict[str, Need]) -> int:
    """One letter about all that is new and all that is over. What cannot be sent is told next time."""
    if not can_tell():
        return 0
    new = [alert for alert in lasting if alert.told_at is None and _claim(alert)]
    past = [alert for alert in over if alert.told_at is not None]
    if not new and not past:
        return 0
    try:
        _letter([found[alert.key] for alert in new], past).send()
    except (OSError, smtplib.SMTPException):
        log.exception("Alerts could not be sent by e-mail")
        for alert in new:
            _unclaim(alert)
        return 0
    return len(new)


@atomic
def _claim(alert: Alert) -> bool:
    return claim(Alert.objects.filter(pk=alert.pk, told_at=None), told_at=clock.now())


@atomic
def _unclaim(alert: Alert) -> None:
    claim(Alert.objects.filter(pk=alert.pk, told_at__isnull=False), told_at=None)


def _letter(new: list[Need], past: list[Alert]) -> EmailMessage:
    subject = (
        ngettext("%(n)d alert: %(first)s", "%(n)d alerts, first: %(first)s", len(new))
        % {"n": len(new), "first": new[0].sentence}
        if new
        else ngettext("Over: %(first)s", "%(n)d alerts are over", len(past))
        % {"n": len(past), "first": past[0].sentence}
    )
    facts = {"new": new, "past": past, "now": clock.now(), "site_url": settings.SITE_URL}
    body = render_to_string("adminpanel/email/alerts.txt", facts)
    return EmailMessage(subject=" ".join(subject.split()), body=body, to=recipients())
