"""A site with some of everything, and an empty database to move to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from bookings.models import Booking, Client, Evse
from evbunker.copying.marker import unmark
from tests import engines, sweep
from tests.evbunker.copying.moving import working_on
from tests.evbunker.copying.site import fill, restore_groups


@pytest.fixture(scope="session")
def migrated(django_db_setup: None, django_db_blocker: object) -> str:
    """The name of a second database, as this run's was when it was new: much quicker than migrating another."""
    name = connection.settings_dict["NAME"]
    second = f"{name}_moved" if engines.ON_MONGODB else str(Path(name).with_name("test_moved.sqlite3"))
    with django_db_blocker.unblock():
        if engines.ON_MONGODB:
            _clone(connection.database, connection.connection[second])
        else:
            with connection.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [second])
    return second


def _clone(database: Any, second: Any) -> None:
    """Collections with their indexes, and what migrations filled."""
    for name in database.list_collection_names(filter={"type": "collection"}):
        second.create_collection(name)
        indexes = [index.to_dict() for index in database[name].list_indexes() if index["name"] != "_id_"]
        if indexes:
            second.command("createIndexes", name, indexes=indexes)
        if rows := list(database[name].find()):
            second[name].insert_many(rows)


@pytest.fixture
def target(migrated: str, transactional_db: None) -> Iterator[str]:
    """An empty database."""
    yield migrated
    with working_on(migrated):
        unmark()
        sweep.sweep()


@pytest.fixture
def coming(dara: Client, opal: Client, evse: Evse) -> Iterator[Booking]:
    """What Dara has booked and paid, on a site with some of everything."""
    yield fill(dara, opal, evse)
    restore_groups()
