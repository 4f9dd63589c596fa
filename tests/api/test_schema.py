"""The API against its own description, with input nobody would think of."""

from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client as Browser
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from bookings.models import Client, Evse
from bookings.tokens import create_token
from payments.models import Payment
from tests.booking_steps import held, paid
from tests.people import make_client

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
EXAMPLES = 15


@pytest.fixture
def known(dara: Client, evse: Evse) -> dict[str, str]:
    """Ids that exist, so that calls get further than 404."""
    paid(dara, evse, in_minutes=0)
    return {
        "station_id": str(evse.station_id),
        "booking_id": str(held(dara, evse, in_minutes=120).pk),
        "payment_id": str(Payment.objects.get().pk),
        "evse_id": str(evse.pk),
    }


@pytest.fixture
def tokens(dara: Client) -> list[str]:
    """A driver's and an owner's."""
    return [create_token(client=client, name="t")[1] for client in (dara, make_client("olga", role="owner"))]


def described() -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", WSGIHandler())


def test_no_call_crashes_or_answers_what_it_did_not_promise(
    known: dict[str, str], tokens: list[str], settings: Any
) -> None:
    settings.RATE_LIMITS = {}
    operations = [found.ok() for found in described().get_all_operations()]
    assert len(operations) >= 12
    for operation in operations:
        hammer(operation.as_strategy(), known, tokens)


def hammer(cases: Any, known: dict[str, str], tokens: list[str]) -> None:
    """Call with EXAMPLES made-up inputs, the same ones in every run."""

    @hypothesis.given(case=cases)
    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    def call(case: Any) -> None:
        use_known_ids(case, known)
        for token in tokens:
            answer = case.call(headers={"Authorization": f"Bearer {token}"})
            case.validate_response(answer, checks=CHECKS)

    call()


def use_known_ids(case: Any, known: dict[str, str]) -> None:
    """Put ids that exist where the call wants one of the same name."""
    for name in case.path_parameters or {}:
        case.path_parameters[name] = known[name]
    if isinstance(case.body, dict) and "evse_id" in case.body:
        case.body["evse_id"] = known["evse_id"]


def test_the_description_names_every_call_of_the_contract(client: Browser) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    calls = {
        f"{method.upper()} {path.removeprefix('/api/v1')}" for path, methods in paths.items() for method in methods
    }
    assert calls >= {
        "GET /stations", "GET /stations/{station_id}", "GET /stations/{station_id}/availability",
        "POST /bookings", "GET /bookings", "GET /bookings/{booking_id}", "POST /bookings/{booking_id}/cancel",
        "POST /bookings/{booking_id}/start", "POST /bookings/{booking_id}/stop",
        "POST /bookings/{booking_id}/payments", "GET /payments", "GET /payments/{payment_id}",
        "POST /payments/{payment_id}/refunds",
        "GET /dashboard/environmental-impact", "GET /operations/overview",
    }  # fmt: skip
