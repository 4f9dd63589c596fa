"""Sending an answer that may have been kept from an earlier request."""

from django.http import HttpResponse, JsonResponse

from bookings.idempotency import Answer
from evbunker.problems import problem_response


def respond(answer: Answer) -> HttpResponse:
    """The answer as it was given the first time."""
    if answer.status >= 400:
        return problem_response(answer.body)
    return JsonResponse(answer.body, status=answer.status)
