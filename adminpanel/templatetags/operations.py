"""The frame of operations."""

from typing import Any

from django import template
from django.db.models import Model
from django.urls import NoReverseMatch, reverse

from adminpanel.addresses import address_of
from adminpanel.navigation import Entry, Group, current_of, menu_of

register = template.Library()


@register.simple_tag(takes_context=True)
def operations_menu(context: dict[str, Any]) -> list[Group]:
    """The menu as this visitor sees it here."""
    request = context["request"]
    return menu_of(request.user, request.path)


@register.simple_tag(takes_context=True)
def operations_page(context: dict[str, Any]) -> Entry | None:
    """Where in the menu this visitor is."""
    return current_of(operations_menu(context))


@register.filter
def address(record: Model) -> str:
    """`{{ payment|address }}`: the operators' page that shows the record."""
    return address_of(record)


@register.simple_tag
def page_or(*names: str) -> str:
    """The address of the first of these pages that there is: `{% page_or "operations-stations" "admin:…" as all %}`."""
    for name in names:
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return ""
