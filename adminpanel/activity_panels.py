"""Live lines of the feed: whatever changed is sent as one line, which replaces its own or comes on top."""

from collections.abc import Callable
from uuid import UUID

from adminpanel.activity import items_of
from adminpanel.feeding import ACTS, KINDS, newest_place
from evbunker.live import panel
from evbunker.live.events import NAMES

LINE_SECONDS = 300
EVENTS = {
    "client": "client_update",
    "booking": "booking_update",
    "payment": "payment_update",
    "session": "charging_session_update",
    "station": "station_update",
}
"""The event that tells of each kind; its id has the kind's name."""
PANELS = {kind: f"activity-{kind}" for kind in (*EVENTS, ACTS)}


def _line_of(kind: str) -> Callable[[str], dict[str, object]]:
    def line(key: str) -> dict[str, object]:
        """One line; raises LookupError if it is none of the feed."""
        try:
            row = KINDS[kind].rows().filter(pk=UUID(key)).first()
        except ValueError as error:
            raise LookupError(key) from error
        if row is None or getattr(row, "extends_id", None):
            raise LookupError(key)
        (item,) = items_of([row], kind, KINDS[kind].by)
        return {"item": item, "zone": None}

    return line


for kind, event in EVENTS.items():
    panel(
        PANELS[kind], audience="operators", stale_on={event}, ttl=LINE_SECONDS,
        template="adminpanel/activity/_item.html", rows=kind,
    )(_line_of(kind))  # fmt: skip


@panel(
    PANELS[ACTS], audience="operators", stale_on=NAMES, ttl=LINE_SECONDS, template="adminpanel/activity/_acts.html",
)  # fmt: skip
def activity_acts() -> dict[str, object]:
    """Which act of staff is the newest: no event names acts, so pages that show them fetch what is on top of theirs."""
    return {"newest": newest_place(ACTS)}
