"""The pages of operations, in the order of their menu. Only what exists stands here."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Page(NamedTuple):
    """A page of the menu; `icon` is a symbol of static/img/icons.svg.

    It is the current one on what lies below it, too, `but` not below that. A `panel` stands behind its label.
    """

    url_name: str
    label: str | Promise
    icon: str
    but: str = ""
    panel: str = ""


PAGES = (
    Page("operations-overview", _("Overview"), "gauge"),
    Page("operations-payments", _("Payments"), "card", but="/operations/payments/review/"),
    Page("operations-review", _("Needs a person"), "warning", panel="needs-person"),
    Page("admin:index", _("Records"), "list"),
)
