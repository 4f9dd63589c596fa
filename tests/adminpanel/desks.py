"""Operators at their desks: signed in, and having proved just now who they are."""

import time

from django.test import Client as Browser

from bookings.models import Client


def desk_of(staff: Client) -> Browser:
    """A browser of `staff` who gave the password a moment ago, as refunds ask for."""
    browser = Browser()
    browser.force_login(staff)
    session = browser.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = str(staff.pk)
    session.save()
    return browser
