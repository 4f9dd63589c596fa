"""Live pieces of the pages about clients."""

from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.utils import timezone

from adminpanel.audit_words import line_of
from adminpanel.client_notes import notes_of
from adminpanel.client_words import State, name_of, roles_of, state_of
from bookings.models import ApiToken, Booking, ChargingSession, Client, ClientTotal
from bookings.models.client import SECOND_FACTORS
from bookings.standing import why_suspended
from evbunker.db import newest
from evbunker.live import panel
from evbunker.models import Change
from evbunker.money import format_money
from payments.models import Payment

A_MINUTE, LIST_SECONDS = 60, 300
LATEST = 5
"""So many of each kind stand on a client's page; the rest is a link away."""
MOST_CHANGES = 10
MOST_TOKENS = 50


def client_of(key: str) -> Client:
    """The client with the id `key`; raises LookupError."""
    try:
        found = Client.objects.filter(pk=UUID(key)).first()
    except ValueError as error:
        raise LookupError(key) from error
    if found is None:
        raise LookupError(key)
    return found


def row_of(client: Client) -> dict[str, Any]:
    """What the row of `client` shows."""
    state = state_of(client)
    return {"client": client, "name": name_of(client), "state": state, "is_deleted": state == State.DELETED}


@panel(
    "clients", audience="operators", stale_on={"client_update"}, ttl=LIST_SECONDS,
    template="adminpanel/clients/_row.html", rows="client",
)  # fmt: skip
def clients(key: str) -> dict[str, object]:
    """One row of the list."""
    return {"line": row_of(client_of(key)), "zone": timezone.get_current_timezone_name()}


@panel(
    "operations-client", audience="operators", ttl=A_MINUTE, by_time=True, keyed=True,
    stale_on={
        "client_update", "booking_update", "payment_update", "charging_session_update", "eco_stats_update",
    },
    template="adminpanel/clients/_client.html",
)  # fmt: skip
def operations_client(key: str) -> dict[str, object]:
    """One client: the account, what it did last, what it saved, what staff noted and did."""
    client = client_of(key)
    changes = newest(Change.objects.filter(record_id=client.pk), by="created_at", limit=MOST_CHANGES + 1)
    return {
        **row_of(client),
        **_account(client),
        **_latest("bookings", newest(Booking.objects.filter(client=client), by="created_at", limit=LATEST + 1)),
        **_latest("payments", newest(Payment.objects.filter(client=client), by="created_at", limit=LATEST + 1)),
        **_latest(
            "sessions", newest(ChargingSession.objects.filter(client=client), by="scheduled_end", limit=LATEST + 1)
        ),
        **_impact(ClientTotal.objects.filter(client=client).first()),
        "notes": notes_of(client),
        "changes": [line_of(change) for change in changes[:MOST_CHANGES]],
        "more_changes": len(changes) > MOST_CHANGES,
        "zone": timezone.get_current_timezone_name(),
    }


def _latest(name: str, rows: list[Any]) -> dict[str, object]:
    return {name: rows[:LATEST], f"more_{name}": len(rows) > LATEST}


def _account(client: Client) -> dict[str, object]:
    kinds = Authenticator.objects.filter(user=client).values_list("type", flat=True)
    return {
        "is_verified": EmailAddress.objects.filter(user=client, email=client.email, verified=True).exists(),
        "has_factor": any(kind in SECOND_FACTORS for kind in kinds),
        "has_password": client.has_usable_password(),
        "role": roles_of([client.pk]).get(client.pk, "") if client.is_staff else "",
        "tokens": len(ApiToken.objects.filter(client=client)[:MOST_TOKENS]),
        "why_suspended": why_suspended(client) if client.suspended_at else "",
    }


def _impact(total: ClientTotal | None) -> dict[str, object]:
    """Its sums; `estimated_percent` says how much of the energy no meter confirmed, rounded, None without any."""
    if total is None:
        return {"total": None}
    share = round(100 * total.estimated_energy_wh / total.energy_wh) if total.energy_wh else None
    money = [format_money(minor, currency) for currency, minor in sorted(total.money_saved.items())]
    return {"total": total, "estimated_percent": share, "money_saved": ", ".join(money)}
