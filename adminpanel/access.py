"""Who may open a page of operations."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from allauth.account.decorators import reauthentication_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from bookings.models import Client

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def role_required(least: str) -> Callable[[View[P]], View[P]]:
    """Let in who has the staff role `least`: the signed-out sign in, drivers find nothing, a lower role is refused.

    The second factor is asked for by `adminpanel.middleware.staff_second_factor`, for every page of staff at once.
    """

    def decorator(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            client = request.user
            if not isinstance(client, Client):
                return redirect_to_login(request.get_full_path())
            if client.role() is None:
                raise Http404
            if not client.has_role(least):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorator


def proved_lately(view: View[P]) -> View[P]:
    """Let in who has proved again, in the last minutes, who they are; others are asked, and then go on with this."""
    guarded: View[P] = reauthentication_required(view)
    return guarded
