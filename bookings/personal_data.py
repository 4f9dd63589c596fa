"""What is known of a client: handed over on request, forgotten when it leaves.

Apps that know more register their part in a `personal_data` module of their own, which is found like `admin` modules
are: nothing is left out, and nobody here has to know them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db.models import QuerySet
from django.utils.module_loading import autodiscover_modules

from bookings.models import (
    ApiToken,
    Booking,
    ChargingSession,
    Client,
    EcoStat,
    IdempotencyKey,
    SearchWord,
    Vehicle,
)
from evbunker import clock

Rows = list[dict[str, Any]]


class Part(NamedTuple):
    """One kind of data of a client. `forget` runs in the unit of work that deletes the account, and gets the name that
    stands for the client from then on."""

    name: str
    rows: Callable[[UUID], Rows]
    forget: Callable[[UUID, str], object]


_parts: dict[str, Part] = {}


def register(part: Part) -> None:
    """Make `part` known. Safe to repeat."""
    _parts[part.name] = part


def export_of(client_id: UUID) -> dict[str, Rows]:
    """All that is known of the client, by kind of data."""
    return {part.name: part.rows(client_id) for part in _all_parts()}


def forget(client_id: UUID, stand_in: str) -> None:
    """Delete what is only the client's, and put `stand_in` for its name where records must stay."""
    for part in _all_parts():
        part.forget(client_id, stand_in)


def _all_parts() -> list[Part]:
    autodiscover_modules("personal_data")
    return list(_parts.values())


def rows_of(queryset: QuerySet[Any], *, without: tuple[str, ...] = ()) -> Rows:
    """The records, oldest first, with all their fields but those named in `without`; relations as ids."""
    hidden = {*without, "client"}
    names = [field.attname for field in queryset.model._meta.concrete_fields if field.name not in hidden]
    return [{name: getattr(row, name) for name in names} for row in queryset.order_by("pk")]


def rename(queryset: QuerySet[Any], stand_in: str) -> None:
    """Put `stand_in` where records show the client's name."""
    queryset.update(client_name=stand_in, updated_at=clock.now())


def _nothing(client_id: UUID, stand_in: str) -> None:
    """Figures that name nobody stay: they are part of what the site saved altogether."""


register(Part("account", lambda pk: rows_of(Client.objects.filter(pk=pk), without=("password",)), _nothing))
register(
    Part(
        "email_addresses",
        lambda pk: rows_of(EmailAddress.objects.filter(user_id=pk), without=("user",)),
        lambda pk, _stand_in: EmailAddress.objects.filter(user_id=pk).delete(),
    )
)
register(
    Part(
        "second_factors",
        lambda pk: rows_of(Authenticator.objects.filter(user_id=pk), without=("user", "data")),
        lambda pk, _stand_in: Authenticator.objects.filter(user_id=pk).delete(),
    )
)
register(
    Part(
        "vehicles",
        lambda pk: rows_of(Vehicle.objects.filter(client_id=pk)),
        lambda pk, _stand_in: Vehicle.objects.filter(client_id=pk).delete(),
    )
)
register(
    Part(
        "api_tokens",
        lambda pk: rows_of(ApiToken.objects.filter(client_id=pk), without=("hash",)),
        lambda pk, _stand_in: ApiToken.objects.filter(client_id=pk).delete(),
    )
)
register(
    Part(
        "bookings",
        lambda pk: rows_of(Booking.objects.filter(client_id=pk)),
        lambda pk, stand_in: rename(Booking.objects.filter(client_id=pk), stand_in),
    )
)
register(
    Part(
        "charging_sessions",
        lambda pk: rows_of(ChargingSession.objects.filter(client_id=pk)),
        lambda pk, stand_in: rename(ChargingSession.objects.filter(client_id=pk), stand_in),
    )
)
register(Part("eco_stats", lambda pk: rows_of(EcoStat.objects.filter(client_id=pk)), _nothing))
register(
    Part(
        "search_words",
        lambda pk: rows_of(SearchWord.objects.filter(client_id=pk), without=("station",)),
        lambda pk, _stand_in: SearchWord.objects.filter(client_id=pk).delete(),
    )
)
register(
    Part(
        "repeatable_requests",
        lambda pk: rows_of(IdempotencyKey.objects.filter(client_id=pk), without=("request_hash", "answer")),
        lambda pk, _stand_in: IdempotencyKey.objects.filter(client_id=pk).delete(),
    )
)
