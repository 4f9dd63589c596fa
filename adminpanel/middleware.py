"""What holds for every page of staff: who may come in, and what the Django admin's pages may run."""

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from bookings.models import Client

Handler = Callable[[HttpRequest], HttpResponse]
RECORDS = "/admin/"
STAFF_PAGES = ("/operations/", RECORDS)
RECORDS_CSP = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
"""`docs/decisions/0005-admin-csp.md` says why."""


def staff_second_factor(get_response: Handler) -> Handler:
    """The signed-out sign in, drivers find nothing, and staff set up the second factor that they lack.

    Signing in to the Django admin so goes through the site's own sign-in, with its limits and second factor.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(STAFF_PAGES):
            return get_response(request)
        client = request.user
        if not isinstance(client, Client):
            return redirect_to_login(request.get_full_path())
        if client.role() is None:
            raise Http404
        if client.lacks_second_factor():
            messages.warning(request, _("Set up an authenticator app or a passkey first: staff pages need one."))
            return redirect("mfa_index")
        return get_response(request)

    return middleware


def records_csp(get_response: Handler) -> Handler:
    """Relax the Content-Security-Policy of the Django admin, and of nothing else."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path_info.startswith(RECORDS):
            response._csp_replace = RECORDS_CSP  # type: ignore[attr-defined]
        return response

    return middleware
