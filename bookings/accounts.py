"""How clients sign up and in, and when they may pay."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed
from django.conf import settings
from django.db import IntegrityError
from django.dispatch import receiver
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from bookings.client_words import index_client
from bookings.models import Client
from bookings.signals import client_changed
from bookings.standing import why_suspended
from evbunker.audit import record_change
from evbunker.db import atomic, on_commit
from evbunker.errors import DomainError
from evbunker.ratelimit import address_of, allow, give_back


class SignUpAgain(DomainError):
    code = "sign_up_again"
    message = _("Somebody signed up with this address at the same moment. Please try again, or sign in.")


class EmailUnverified(DomainError):
    code, status = "email_unverified", 403
    message = _("Confirm your e-mail address before you pay: open the link in the message we sent, or ask for another.")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """EV Bunker's accounts: e-mail and password, counted attempts, one signal for who is new."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that limits count, so that allauth's own limits believe the same proxies as ours."""
        return address_of(request)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Client | None:
        """The client whose password this is; RateLimited, before the password is looked at, after too many attempts."""
        client: Client | None = super().authenticate(request, **credentials)
        if client is not None:
            give_back("sign_in", *_attempt(request, credentials))
        return client

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt; `evbunker.ratelimit` stands in for allauth's own limit, whose counting takes a lock."""
        allow("sign_in", *_attempt(request, credentials))

    def respond_user_inactive(self, request: HttpRequest, user: Client) -> HttpResponse:
        """Whoever proved with the password whose account it is reads why it is suspended."""
        if user.suspended_at is None:
            response: HttpResponse = super().respond_user_inactive(request, user)
            return response
        told = {"reason": why_suspended(user), "since": user.suspended_at, "zone": user.zone}
        return render(request, "account/suspended.html", told, status=403)

    def save_user(self, request: HttpRequest, user: Client, form: Form, commit: bool = True) -> Client:
        """Make the client that `form` describes."""
        super().save_user(request, user, form, commit=False)
        user.name = form.cleaned_data.get("name", "")
        user.language = get_language() or settings.LANGUAGE_CODE
        if commit:
            try:
                _register(user)
            except IntegrityError:
                raise SignUpAgain from None
        return user


@atomic
def _register(client: Client) -> None:
    """Write the new client and say so."""
    client.email = client.email.strip().lower()
    client.save(force_insert=True)
    index_client(client.pk)
    on_commit(lambda: client_changed.send_robust(Client, client_id=client.pk))


@receiver(email_changed)
def note_new_address(user: Client, from_email_address: Any, to_email_address: Any, **_facts: Any) -> None:
    """Whoever signs in with another address from now on: that belongs into the audit trail."""
    _note_new_address(user, before=from_email_address.email if from_email_address else "", after=to_email_address.email)


@atomic
def _note_new_address(client: Client, *, before: str, after: str) -> None:
    record_change(actor=client, action="client.email", record=client, before={"email": before}, after={"email": after})
    index_client(client.pk)
    on_commit(lambda: client_changed.send_robust(Client, client_id=client.pk))


def _attempt(request: HttpRequest, credentials: dict[str, Any]) -> list[str]:
    """What a sign-in is counted for: the account it is aimed at and where it comes from."""
    return [f"account:{credentials.get('email', '').strip().lower()}", f"address:{address_of(request)}"]


def may_pay(client: Client) -> bool:
    """Is the client's address confirmed, if this site can send mail to confirm it?"""
    if not settings.EMAIL_VERIFIED_TO_PAY:
        return True
    return bool(EmailAddress.objects.filter(user=client, email=client.email, verified=True).exists())


def check_may_pay(client: Client) -> None:
    """Raise EmailUnverified unless the client may pay."""
    if not may_pay(client):
        raise EmailUnverified
