"""Files that are sent while they are made."""

from collections.abc import AsyncIterator, Iterator
from typing import cast

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse


def csv_download(request: HttpRequest, pieces: Iterator[str], file_name: str) -> HttpResponse:
    """An answer of these pieces, one after another, to keep as `file_name`."""
    content = _awaited(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return cast("HttpResponse", response)  # `role_required` passes on whatever it is


async def _awaited(pieces: Iterator[str]) -> AsyncIterator[str]:
    """An ASGI server reads a plain iterator to its end before it sends anything."""
    step = sync_to_async(lambda: next(pieces, None))
    while (piece := await step()) is not None:
        yield piece
