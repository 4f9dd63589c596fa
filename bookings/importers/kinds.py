"""The kinds of files that stations can be read out of."""

from collections.abc import Callable, Iterator

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.importers import afdc, ncr, ocm, ocpi, plain
from bookings.importers.files import SourceFile
from bookings.importers.reading import Options, Row

READERS: dict[str, Callable[[SourceFile, Options], Iterator[Row]]] = {
    "ocm": ocm.read,
    "afdc": afdc.read,
    "ocpi": ocpi.read,
    "ncr": ncr.read,
    "csv": plain.read,
}
CALLED: dict[str, str | Promise] = {
    "csv": _("a CSV of your own: name, latitude, longitude and what else it says"),
    "ocpi": _("OCPI 2.2.1 locations (JSON)"),
    "ocm": _("Open Charge Map (JSON)"),
    "afdc": _("US Alternative Fuels Data Center (CSV)"),
    "ncr": _("UK National Chargepoint Registry (CSV)"),
}
"""What people call each."""
JSON_FORMATS = {"ocm", "ocpi"}
LONGEST_SOURCE = 60
