"""Who acts in the tests. All passwords are `PASSWORD`."""

import pytest
from django.contrib.auth.models import Group

from bookings.models import Client

PASSWORD = "a long enough secret"


def make_client(name: str, *, role: str = "", **fields: object) -> Client:
    """A client `name`@example.org; `role` puts it into that staff group."""
    fields = {"name": name.title(), "country": "DE", "time_zone": "Europe/Berlin", "is_staff": bool(role)} | fields
    client = Client.objects.create_user(f"{name}@example.org", PASSWORD, **fields)
    if role:
        client.groups.add(Group.objects.filter(name=role).first() or Group.objects.create(name=role))
    return client


@pytest.fixture
def dara() -> Client:
    """A driver."""
    return make_client("dara")


@pytest.fixture
def eli() -> Client:
    """Another driver, who must see nothing of Dara's."""
    return make_client("eli")


@pytest.fixture
def vera() -> Client:
    """Staff who may look at operations."""
    return make_client("vera", role="viewer")


@pytest.fixture
def opal() -> Client:
    """Staff who may also act."""
    return make_client("opal", role="operator")


@pytest.fixture
def olga() -> Client:
    """Staff who may do everything."""
    return make_client("olga", role="owner")
