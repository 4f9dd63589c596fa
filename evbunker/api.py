"""The JSON API at /api/v1: who may call it, how errors look, and where its calls live."""

from typing import Any

from django.views.decorators.http import require_safe
from ninja import NinjaAPI, Swagger
from ninja.openapi.schema import OpenAPISchema

from adminpanel.api import router as operations_router
from bookings.api import bookings_router, stations_router
from bookings.auth import PUBLIC, SIGNED_IN
from dashboard.api import router as dashboard_router
from evbunker.problems import MEDIA_TYPE, Problem, add_handlers
from payments.api import router as payments_router
from payments.api_moving import router as moving_router

DESCRIPTION = """
Sign in with `Authorization: Bearer <token>` (make a token on your profile page), or with the session cookie and, for
calls that change something, the CSRF token in `X-CSRFToken`. Errors are RFC 9457 problems with a stable `code`.
Money is in minor units beside its currency, energy in Wh, power in W; times are ISO 8601 with an offset.
Lists hold 50 items a page: pass `next` as `cursor` to get the next one. Unknown JSON fields are ignored.
"""


class Api(NinjaAPI):
    """The API, whose description names every problem a call may answer with."""

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**kwargs)
        schema["components"]["schemas"] |= _problem_schemas()
        for path in schema["paths"].values():
            for operation in path.values():
                operation["responses"]["default"] = {
                    "description": "A problem (RFC 9457)",
                    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
        return schema


def _problem_schemas() -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "Problem": schema}


api = Api(
    title="EV Bunker",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    auth=SIGNED_IN,
    docs_decorator=require_safe,
    docs=Swagger(settings={"validatorUrl": None, "persistAuthorization": False}),
)
add_handlers(api)
api.add_router("/stations", stations_router, tags=["stations"], auth=PUBLIC)
api.add_router("/bookings", bookings_router, tags=["bookings"])
api.add_router("", payments_router, tags=["payments"])
api.add_router("", moving_router)
api.add_router("/dashboard", dashboard_router, tags=["dashboard"])
api.add_router("/operations", operations_router, tags=["operations"])
