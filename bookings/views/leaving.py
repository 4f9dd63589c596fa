"""Deactivating or deleting one's account."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from bookings.auth import password_again
from bookings.forms import LeaveForm
from bookings.leaving import deactivate_account, delete_account
from bookings.views.answers import driver, refused
from evbunker.errors import DomainError


@login_required
@require_GET
def leave(request: HttpRequest) -> HttpResponse:
    """Both ways to go, and what they mean."""
    return render(request, "bookings/profile_leave.html", {"form": LeaveForm()})


@login_required
@require_POST
@password_again
def deactivate(request: HttpRequest) -> HttpResponse:
    """Close the account for now."""
    return _go(request, deactivate_account, _("Your account is deactivated. Write to us if you want it back."))


@login_required
@require_POST
@password_again
def delete(request: HttpRequest) -> HttpResponse:
    """Close the account for ever."""
    form = LeaveForm(request.POST)
    if not form.is_valid():
        return render(request, "bookings/profile_leave.html", {"form": form})
    return _go(request, delete_account, _("Your account is deleted. Thank you for charging with us."))


def _go(request: HttpRequest, service: Callable[..., bool], goodbye: str) -> HttpResponse:
    """Close the account and end this session, or say why that cannot be."""
    try:
        service(client=driver(request))
    except DomainError as refusal:
        return refused(request, "bookings/profile_leave.html", {"form": LeaveForm()}, refusal)
    logout(request)
    messages.success(request, goodbye)
    return redirect("/")
