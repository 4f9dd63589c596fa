"""The names drivers know plugs by."""

from django import template

from bookings.models import Connector

register = template.Library()
NAMES = dict(Connector.choices)


@register.filter
def connectors(types: list[str]) -> list[str]:
    """`{{ evse.connector_types|connectors|join:", " }}` -> CCS2, Type 2; an unknown type stays as it is."""
    return [str(NAMES.get(one, one)) for one in types]
