"""The board as it is shown and kept right."""

import datetime as dt

from adminpanel.board import Board, board_of
from adminpanel.station_panels import station_of
from evbunker.live import panel

A_MINUTE = 60
"""Time alone moves the line of now."""
FIRST_YEAR, LAST_YEAR = 2000, 9000


@panel(
    "operations-board", audience="operators", stale_on={"booking_update", "station_update"}, ttl=A_MINUTE,
    template="adminpanel/stations/_board.html", keyed=True, by_time=True,
)  # fmt: skip
def operations_board(key: str) -> dict[str, object]:
    """One day of a station, `<station id>:<date>`; raises LookupError for other keys."""
    board = board_by(key)
    return {"board": board, "station": board.station, "zone": board.station.zone}


def board_by(key: str) -> Board:
    station_id, _colon, date = key.partition(":")
    try:
        day = dt.date.fromisoformat(date)
    except ValueError as error:
        raise LookupError(key) from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise LookupError(key)
    return board_of(station_of(station_id), day)
