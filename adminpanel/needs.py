"""What needs an operator now, in one list: money that waits for a person, charging that does not end, EVSEs that are
down, and what has fallen silent.

Stations that do not answer are not among it: none is connected until there is OCPP, so nothing is known of that.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from adminpanel import waiting
from adminpanel.addresses import address_of, address_of_id
from adminpanel.models import Alert
from bookings.models import Evse, Outage, Station
from bookings.stuck import stuck_sessions
from evbunker import clock
from evbunker.db import lowest, newest
from evbunker.health import Standing, watched
from evbunker.live import cached
from evbunker.live.events import OPERATORS
from evbunker.moments import format_day
from evbunker.money import format_money
from payments.models import Payment

MOST = 50
"""So many of each kind are listed."""
KEPT_SECONDS = 20
"""What time alone changes is seen so late."""
URGENT, LATER = "trouble", "wait"
"""How bad it is: somebody loses money or cannot charge, or it can be looked at in its turn."""

SENTENCES: dict[str, str | Promise] = {
    "review": _("%(amount)s paid at %(station)s is not what was asked for: accept it or send it back"),
    "refund": _("A refund of %(amount)s for %(station)s was refused"),
    "command": _("Given up after many tries: %(what)s"),
    "day": _("The books of %(day)s differ from those of %(gateway)s"),
    "session": _("A session at %(station)s, %(evse)s has not ended although its time is over"),
    "faulted": _("EVSE %(evse)s at %(station)s is faulted"),
    "down": _("Out of service at %(station)s: EVSE %(evse)s"),
    "scheduler": _("The scheduler stands still: holds do not expire, sessions do not end, nothing is sent"),
    "last_webhook": _("No gateway has called for a day, although drivers have begun to pay since"),
    "books": _("The books have not been compared with a gateway's for days"),
    "relay": _("What other programs write is not shown live"),
    "silent": _("%(name)s does not work as it should"),
}


@dataclass(frozen=True)
class Need:
    """Something that needs an operator: one of SENTENCES about `names`, since when, how bad, and where to see to it.

    `key` is the same for as long as it lasts.
    """

    key: str
    kind: str
    since: dt.datetime
    severity: str
    address: str
    names: dict[str, str] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        return str(SENTENCES[self.kind]) % self.names


def needs() -> list[Need]:
    """All of it, the worst first, of that the oldest; as of the last event that changes it, or KEPT_SECONDS ago."""
    found = [need for name, (stale_on, compute) in SOURCES.items() for need in _kept(name, stale_on, compute)]
    return _in_order(found)


def needs_now() -> list[Need]:
    """The same past every cache."""
    return _in_order([need for _stale_on, compute in SOURCES.values() for need in compute()])


def _kept(name: str, stale_on: frozenset[str], compute: Callable[[], list[Need]]) -> list[Need]:
    return cached(f"needs-{name}", group=OPERATORS, stale_on=stale_on, ttl=KEPT_SECONDS, compute=compute)


def _in_order(found: list[Need]) -> list[Need]:
    """Since when it was first seen, if that was earlier than what the record says of itself now."""
    first_seen = dict(Alert.objects.values_list("key", "since"))
    found = [replace(need, since=min(need.since, first_seen.get(need.key, need.since))) for need in found]
    return sorted(found, key=lambda need: (need.severity != URGENT, need.since, need.key))


def _of_money() -> list[Need]:
    review = reverse("operations-review")
    return [
        *(
            Need(
                f"review:{one.pk}", "review", one.captured_at or one.created_at, URGENT, address_of(one),
                {"amount": format_money(one.captured_minor or one.amount_minor, one.currency),
                 "station": one.station_name},
            )
            for one in lowest(waiting.in_review(), by="created_at", limit=MOST)
        ),
        *(
            Need(
                f"refund:{one.pk}", "refund", one.settled_at or one.created_at, URGENT, address_of(one),
                {"amount": format_money(one.amount_minor, one.currency), "station": one.station_name},
            )
            for one in lowest(waiting.refused(), by="created_at", limit=MOST)
        ),
        *(
            Need(
                f"command:{one.pk}", "command", one.updated_at, URGENT, address_of(one),
                {"what": one.get_kind_display()},
            )
            for one in lowest(waiting.given_up(), by="next_at", limit=MOST)
        ),
        *(
            Need(
                f"day:{one.pk}", "day", one.checked_at, URGENT, review,
                {"day": format_day(one.day), "gateway": one.gateway.capitalize()},
            )
            for one in lowest(waiting.differing(), by="day", limit=MOST)
        ),
    ]  # fmt: skip


def _of_sessions() -> list[Need]:
    return [
        Need(
            f"session:{one.pk}", "session", one.scheduled_end, URGENT, address_of(one),
            {"station": one.station_name, "evse": one.evse_label},
        )
        for one in stuck_sessions()[:MOST]
    ]  # fmt: skip


def _of_evses() -> list[Need]:
    """Of active stations. What is out of service was taken so by somebody: one line a station."""
    faulted, down = (_down(status) for status in (Evse.Status.FAULTED, Evse.Status.OUT_OF_SERVICE))
    stations = Station.objects.in_bulk({evse.station_id for evse in (*faulted, *down)})
    open_ones = {station for station in stations.values() if station.status == Station.Status.ACTIVE}
    since = _down_since([*faulted, *down])
    together: defaultdict[Station, list[Evse]] = defaultdict(list)
    for evse in down:
        together[stations[evse.station_id]].append(evse)
    return [
        *(
            Need(
                f"faulted:{evse.pk}", "faulted", since[evse.pk], URGENT, address_of_id(Station, evse.station_id),
                {"evse": evse.label, "station": stations[evse.station_id].name},
            )
            for evse in faulted
            if stations[evse.station_id] in open_ones
        ),
        *(
            Need(
                f"down:{station.pk}", "down", min(since[evse.pk] for evse in evses), LATER, address_of(station),
                {"evse": ", ".join(sorted(evse.label for evse in evses)), "station": station.name},
            )
            for station, evses in together.items()
            if station in open_ones
        ),
    ]  # fmt: skip


def _down(status: str) -> list[Evse]:
    return list(Evse.objects.filter(status=status)[:MOST])


def _down_since(evses: list[Evse]) -> dict[UUID, dt.datetime]:
    """Since when, as their outages say; else when they were last changed."""
    lasting = Outage.objects.filter(evse_id__in=[evse.pk for evse in evses], ended_at=None)
    began = dict(lasting.values_list("evse_id", "began_at"))
    return {evse.pk: began.get(evse.pk, evse.updated_at) for evse in evses}


def _of_silence() -> list[Need]:
    return [
        _silent(name, standing)
        for name, standing in watched().items()
        if standing.state in ("late", "unavailable") and (name != "last_webhook" or _should_have_called(standing))
    ]


def _silent(name: str, standing: Standing) -> Need:
    since = clock.now() - dt.timedelta(seconds=standing.age_seconds or 0)
    kind = name if name in SENTENCES else "silent"
    return Need(f"silent:{name}", kind, since, URGENT, reverse("operations-alerts"), {"name": name.capitalize()})


def _should_have_called(standing: Standing) -> bool:
    """On a quiet site nobody calls: only when somebody has begun to pay since is silence odd."""
    last = clock.now() - dt.timedelta(seconds=standing.age_seconds or 0)
    return any(payment.created_at > last for payment in newest(Payment.objects.all(), by="created_at", limit=1))


SOURCES: dict[str, tuple[frozenset[str], Callable[[], list[Need]]]] = {
    "money": (frozenset({"payment_update"}), _of_money),
    "sessions": (frozenset({"charging_session_update"}), _of_sessions),
    "evses": (frozenset({"station_update"}), _of_evses),
    "silence": (frozenset(), _of_silence),
}
"""Where it comes from, and the events that change it; time changes all of it."""
STALE_ON = frozenset().union(*(stale_on for stale_on, _compute in SOURCES.values()))
