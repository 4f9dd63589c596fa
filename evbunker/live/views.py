"""One panel alone."""

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evbunker.live.panels import NotAllowed, SignedOut, UnknownPanel, ref_of
from evbunker.live.rendering import render


@require_safe
@never_cache
def panel(request: HttpRequest, ref: str) -> HttpResponse:
    """The HTML of a panel, `name` or `name:key`, as a page or a socket would get it.

    The signed-out get 401 in place of a piece of a page, and the sign-in page in place of a page.
    """
    viewer = request.user if request.user.is_authenticated else None
    try:
        return HttpResponse(render(ref_of(ref), viewer))
    except SignedOut:
        if request.headers.get("HX-Request"):
            return HttpResponse(status=401)
        return redirect_to_login(request.get_full_path())
    except (NotAllowed, UnknownPanel) as error:
        raise Http404 from error
