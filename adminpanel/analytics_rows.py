"""Where the rows behind a chart are listed."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from adminpanel.analytics_range import Range, Scope

LISTS: dict[str, tuple[str, dict[str, str]]] = {
    "bookings": ("operations-bookings", {}),
    "energy": ("operations-sessions", {}),
    "co2": ("operations-sessions", {}),
    "revenue": ("operations-payments", {"state": "captured"}),
    "utilisation": ("operations-bookings", {}),
    "estimates": ("operations-sessions", {}),
    "conversion": ("operations-bookings", {}),
    "lost": ("operations-bookings", {"state": "cancelled"}),
    "clients": ("operations-clients", {}),
}
"""The list that shows them, and what it is to be filtered by besides days and station."""
WITHOUT_DAYS = {"operations-clients"}


def rows_behind(name: str, asked: Range, scope: Scope) -> list[tuple[str | Promise, str]]:
    """A link to the list behind the chart `name`, narrowed to its days and, as far as lists can be, to its station."""
    if name not in LISTS:
        return []
    page, query = LISTS[name]
    if page not in WITHOUT_DAYS:
        query = query | {"since": str(asked.first), "until": str(asked.last)}
        if scope.kind == "station":
            query["station"] = scope.key
    return [(_("The rows behind it"), f"{reverse(page)}?{urlencode(query)}")]
