"""Writing to the operator."""

import logging
import smtplib

from django import forms
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.texts import text_of
from evbunker.errors import DomainError

log = logging.getLogger(__name__)


class NotSent(DomainError):
    code, status = "not_sent", 503
    message = gettext_lazy("Your message could not be sent. It is still in the form: please try again later.")


class ContactForm(forms.Form):
    """A message and where the answer goes."""

    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"), help_text=gettext_lazy("The answer goes there.")
    )
    message = forms.CharField(label=gettext_lazy("Message"), max_length=5000, widget=forms.Textarea(attrs={"rows": 8}))


def can_write() -> bool:
    """Can this site send mail, and does it know the operator's address?"""
    return bool(settings.EMAIL_URL and text_of("operator_email"))


def write_to_operator(*, sender: str, message: str) -> None:
    """Send the message to the operator, to be answered to `sender`. Raises NotSent."""
    mail = EmailMessage(
        subject=_("Message from %(sender)s") % {"sender": sender},
        body=message,
        to=[text_of("operator_email")],
        reply_to=[sender],
    )
    try:
        mail.send()
    except (OSError, smtplib.SMTPException) as error:
        log.exception("A message to the operator could not be sent")
        raise NotSent from error
