"""E-mails about an account that its owner did not ask for: an operator did."""

from typing import Any
from urllib.parse import quote

from allauth.account import app_settings
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from adminpanel.texts import text_of
from bookings.models import Client
from evbunker.errors import DomainError

A_DAY_SECONDS = 24 * 3600
OURS = "EV Bunker"
"""Signs while no operator has said its name."""
FACTOR_RESET = _("Your second factor was taken away")
NEW_PASSWORD = _("Choose a new password")
INVITATION = _("You are invited to run charging stations")


class MailNotSent(DomainError):
    code, status = "mail_not_sent", 503
    message = _("The mail server did not take the e-mail. Please try again in a moment.")


def password_url(client: Client) -> str:
    """Where the client sets a password, without the old one: for PASSWORD_RESET_TIMEOUT, and until it has."""
    key = f"{user_pk_to_url_str(client)}-{app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(client)}"
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    return settings.SITE_URL + path.replace("UID-KEY", quote(key))


def valid_days() -> int:
    """So many whole days such an address is good for."""
    return int(settings.PASSWORD_RESET_TIMEOUT // A_DAY_SECONDS)


def send(client: Client, subject: str | Promise, template: str, **context: Any) -> None:
    """Send `templates/adminpanel/email/<template>.txt` in the client's language. Raises MailNotSent."""
    with translation.override(client.language):
        signed = {"site_url": settings.SITE_URL, "operator": text_of("operator_name") or OURS}
        body = render_to_string(f"adminpanel/email/{template}.txt", {"client": client, **signed, **context})
        message = EmailMessage(subject=str(subject), body=body, to=[client.email])
    try:
        message.send()
    except OSError as error:  # what smtplib raises are OSErrors, too
        raise MailNotSent from error
