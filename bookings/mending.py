"""Outages of EVSEs whose status came from elsewhere: from before there were outages, or from other programs."""

import datetime as dt
from uuid import UUID

from bookings.models import Evse, Outage
from bookings.outages import down_evses, follow_status, open_outage
from bookings.stations import refresh_station
from evbunker import clock
from evbunker.db import atomic, newest
from evbunker.models import Change

LOOKED_BACK = 50
"""So many notes of an EVSE's audit trail are read to find out since when it is as it is."""


def mend_outages() -> int:
    """Begin and end outages until they fit the EVSEs' statuses; how many. Safe to repeat and to run at once.

    Reads the EVSEs that are down and the outages that last, not those that have ended, however many there are.
    """
    down = set(down_evses().values_list("pk", flat=True))
    lasting = set(Outage.objects.filter(ended_at=None).values_list("evse_id", flat=True))
    return sum(_mend(evse_id) for evse_id in sorted(down ^ lasting))


@atomic
def _mend(evse_id: UUID) -> bool:
    """The station is derived anew, which really writes: of this and a change of status at once, one runs again."""
    evse = Evse.objects.filter(pk=evse_id).first()
    if evse is None or not follow_status(evse):
        return False
    since = _since(evse)
    if (begun := open_outage(evse)) is not None and since < begun.began_at:
        begun.began_at = _not_before_the_last(begun, since)
        begun.save(update_fields={"began_at"})
    refresh_station(evse.station)
    return True


def _since(evse: Evse) -> dt.datetime:
    """Since when the EVSE is as it is: since the last note of its status, or since there is one."""
    notes = newest(Change.objects.filter(record_id=evse.pk), by="created_at", limit=LOOKED_BACK)
    said = [note.created_at for note in notes if note.after.get("status") == evse.status]
    return min(said[0] if said else evse.created_at, clock.now())


def _not_before_the_last(begun: Outage, since: dt.datetime) -> dt.datetime:
    """Outages of an EVSE follow each other."""
    earlier = newest(Outage.objects.filter(evse_id=begun.evse_id, began_at__lt=begun.began_at), by="began_at", limit=1)
    return max([since, *(last.ended_at for last in earlier if last.ended_at)])
