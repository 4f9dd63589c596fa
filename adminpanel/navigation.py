"""The pages of operations, in the order of their menu. A page shows as soon as an address has its name."""

from typing import NamedTuple

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.models import Client

GROUPS: dict[str, str | Promise] = {
    "watch": _("Watch"),
    "run": _("Run"),
    "people": _("People"),
    "keep": _("Keep"),
}
"""What the menu is divided into, in this order."""


class Page(NamedTuple):
    """A page of the menu, in one of GROUPS; `icon` is a symbol of static/img/icons.svg.

    It is the current one on what lies below it, too, `but` not below that. A `panel` stands behind its label. Who has
    not the role `least` does not see it; the page itself refuses them.
    """

    url_name: str
    label: str | Promise
    icon: str
    group: str
    but: str = ""
    panel: str = ""
    least: str = "viewer"


PAGES = (
    Page("operations-overview", _("Overview"), "gauge", "watch"),
    Page("operations-analytics", _("Analytics"), "chart", "watch"),
    Page("operations-activity", _("Activity"), "clock", "watch"),
    Page("operations-alerts", _("Alerts"), "bell", "watch"),
    Page("operations-stations", _("Stations"), "pin", "run"),
    Page("operations-tariffs", _("Tariffs"), "coin", "run"),
    Page("operations-sessions", _("Sessions"), "bolt", "run"),
    Page("operations-bookings", _("Bookings"), "calendar", "run"),
    Page("operations-payments", _("Payments"), "card", "run", but="/operations/payments/review/"),
    Page("operations-review", _("Needs a person"), "warning", "run", panel="needs-person"),
    Page("operations-clients", _("Clients"), "users", "people"),
    Page("operations-staff", _("Staff"), "shield", "people", least="owner"),
    Page("operations-audit", _("Audit"), "list", "people"),
    Page("operations-reports", _("Reports"), "receipt", "keep"),
    Page("operations-settings", _("Settings"), "settings", "keep"),
    Page("admin:index", _("Records"), "copy", "keep"),
)


class Entry(NamedTuple):
    """A page as one visitor's menu shows it."""

    page: Page
    address: str
    is_current: bool


class Group(NamedTuple):
    """Some entries under their name."""

    label: str | Promise
    entries: list[Entry]


def menu_of(client: Client, path: str) -> list[Group]:
    """The pages that there are for `client`, who is at `path`; groups without any are left out."""
    entries = [_entry(page, address, path) for page in PAGES if client.has_role(page.least) and (address := _at(page))]
    groups = (Group(label, [one for one in entries if one.page.group == name]) for name, label in GROUPS.items())
    return [group for group in groups if group.entries]


def current_of(menu: list[Group]) -> Entry | None:
    """The entry whose page is open, or lies above what is."""
    return next((entry for group in menu for entry in group.entries if entry.is_current), None)


def _entry(page: Page, address: str, path: str) -> Entry:
    return Entry(page, address, path.startswith(address) and not (page.but and path.startswith(page.but)))


def _at(page: Page) -> str:
    """The page's address; empty while there is none."""
    try:
        return reverse(page.url_name)
    except NoReverseMatch:
        return ""
