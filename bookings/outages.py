"""When an EVSE could not charge anybody, and why: rows that follow its status, in the unit of work that changes it."""

from collections import Counter
from collections.abc import Iterable, Iterator

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from bookings.models import Client, Evse, Outage, SlotClaim
from bookings.slots import slot_of
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, newest
from evbunker.errors import DomainError

DOWN = (Evse.Status.FAULTED, Evse.Status.OUT_OF_SERVICE)
LONGEST_NOTE = 500


class UnknownCause(DomainError):
    code, status = "unknown_cause", 422
    field = "cause"
    message = _("This is no cause of an outage.")


def follow_status(evse: Evse, *, cause: str = "", note: str = "") -> bool:
    """Bring the outages of `evse` in line with its status; whether that changed any. Safe to repeat.

    Runs in the unit of work that wrote the status, or is about to. Without a `cause` it is not known, but for an EVSE
    that is blocked for maintenance at this moment. Another cause while it is down ends one outage and begins the next.
    """
    ongoing = open_outage(evse)
    if evse.status not in DOWN:
        return ongoing is not None and _end(ongoing)
    if ongoing is not None and cause in ("", ongoing.cause):
        return False
    if ongoing is not None:
        _end(ongoing)
    begin_outages([evse], cause=cause, note=note)
    return True


def begin_outages(evses: Iterable[Evse], *, cause: str = "", note: str = "") -> None:
    """One outage from now on for each of these EVSEs that is down; they have none that lasts."""
    down = [evse for evse in evses if evse.status in DOWN]
    if cause and cause not in Outage.Cause:
        raise UnknownCause
    now = clock.now()
    said = {"began_at": now, "note": note[:LONGEST_NOTE]}
    rows = [Outage(evse=one, station_id=one.station_id, cause=cause or _usual_cause(one), **said) for one in down]
    Outage.objects.bulk_create(rows)


def open_outage(evse: Evse) -> Outage | None:
    """The outage that lasts. It is the newest of the EVSE's: an outage begins when the one before has ended."""
    found = newest(Outage.objects.filter(evse=evse), by="began_at", limit=1)
    return found[0] if found and found[0].ended_at is None else None


def _end(outage: Outage) -> bool:
    """It ends now. One that lasted no second leaves no row, so that no two of an EVSE begin at once."""
    now = clock.now()
    if now <= outage.began_at:
        outage.delete()
    else:
        outage.ended_at = now
        outage.save(update_fields={"ended_at"})
    return True


def _usual_cause(evse: Evse) -> str:
    blocks = SlotClaim.objects.filter(evse=evse, slot=slot_of(clock.now()), kind=SlotClaim.Kind.BLOCK)
    return Outage.Cause.MAINTENANCE if blocks.exists() else Outage.Cause.UNKNOWN


@atomic
def set_cause(*, outage: Outage, cause: str, actor: Client, note: str) -> bool:
    """Say why the EVSE was down, from the beginning of that outage on; False if that was said. Raises UnknownCause."""
    if cause not in Outage.Cause:
        raise UnknownCause
    outage.refresh_from_db()
    if outage.cause == cause:
        return False
    before = outage.cause
    outage.cause, outage.note = cause, note[:LONGEST_NOTE]
    outage.save(update_fields={"cause", "note"})
    record_change(
        actor=actor, action="outage.cause", record=outage, reason=note, before={"cause": before},
        after={"cause": cause},
    )  # fmt: skip
    return True


def down_evses() -> QuerySet[Evse]:
    return Evse.objects.filter(status__in=DOWN)


def findings() -> Iterator[str]:
    """What does not fit: an EVSE that is down has one outage that lasts, any other has none."""
    lasting = list(Outage.objects.filter(ended_at=None).values_list("evse_id", flat=True))
    down = set(down_evses().values_list("pk", flat=True))
    yield from (f"EVSE {evse_id} is down without an outage" for evse_id in down - set(lasting))
    yield from (f"EVSE {evse_id} is not down but has an outage that lasts" for evse_id in set(lasting) - down)
    twice = Counter(lasting) - Counter(set(lasting))
    yield from (f"EVSE {evse_id} has several outages that last" for evse_id in twice)
