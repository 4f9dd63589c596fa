"""Where gateways call us."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from evbunker.errors import DomainError
from payments.gateways import UnknownGateway
from payments.webhooks import MOST_BYTES, receive


class TooLarge(DomainError):
    code, status = "too_large", 413
    message = _("A webhook has at most 256 KB.")


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, gateway: str) -> HttpResponse:
    """Take one event of `gateway`; a refusal is plain JSON, because a program reads it."""
    try:
        kept = receive(name=gateway, headers=request.headers, body=_body(request))
    except UnknownGateway as error:
        return _refuse(error, status=404)
    except DomainError as error:
        return _refuse(error, status=error.status)
    return JsonResponse({"state": kept.state})


def _body(request: HttpRequest) -> bytes:
    """All of it, never more than one byte too much, and nothing of what says that it is larger."""
    said = request.headers.get("Content-Length", "")
    if said.isascii() and said.isdigit() and int(said[:20]) > MOST_BYTES:
        raise TooLarge
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise TooLarge
    return body


def _refuse(error: DomainError, *, status: int) -> HttpResponse:
    retry_after = {"Retry-After": str(error.retry_after_seconds)} if error.retry_after_seconds else None
    return JsonResponse({"code": error.code, "message": str(error)}, status=status, headers=retry_after)
