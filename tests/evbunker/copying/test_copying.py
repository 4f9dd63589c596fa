"""What reader and writer do, in this process: this run's database is the source."""

import datetime as dt
import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db import connection, models

from adminpanel.models import Beat, Setting
from bookings.models import Booking, Client, IdempotencyKey, Station, Tariff
from evbunker import clock
from evbunker.copying import Refused, reading, writing
from evbunker.copying.marker import copy_under_way, mark, unmark
from evbunker.copying.record_types import NOT_COPIED, all_types, copied_types, every_row, referred_by
from evbunker.models import Change
from payments.integrity import check_integrity
from tests import engines
from tests.evbunker.copying.moving import everything, working_on, write
from tests.people import make_client


def rows_of(model: type[models.Model]) -> list[dict[str, Any]]:
    return [{f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields} for row in every_row(model)]


def in_milliseconds(row: dict[str, Any]) -> dict[str, Any]:
    """As MongoDB keeps it; SQLite keeps microseconds, where the product writes them: in allauth's and Django's rows."""
    instants = {name: value for name, value in row.items() if isinstance(value, dt.datetime)}
    return row | {name: at.replace(microsecond=at.microsecond // 1000 * 1000) for name, at in instants.items()}


def test_every_record_type_is_copied_or_left_out_by_name() -> None:
    copied = copied_types()
    for at, model in enumerate(copied):
        referred = {other for field in model._meta.concrete_fields if (other := referred_by(field))}
        later = {other for other in referred if other in copied[at + 1 :]}
        assert later == set(), f"{model._meta.label} comes before what it refers to"
    left_out = {model._meta.label for model in all_types()} - {model._meta.label for model in copied}
    assert left_out <= NOT_COPIED.keys()


def test_everything_arrives(coming: Booking, target: str) -> None:
    kept = [model for model in copied_types() if model._meta.label not in ("admin.LogEntry", "auth.Group")]
    kept = [model for model in kept if not model._meta.auto_created]
    before = {model: rows_of(model) for model in kept}
    assert [model._meta.label for model, rows in before.items() if not rows] == NEVER_FILLED
    lines = everything()
    with working_on(target):
        said = write(lines)
        after = {model: rows_of(model) for model in kept}
        assert check_integrity() == []
    assert after == {model: list(map(in_milliseconds, rows)) for model, rows in before.items()}
    assert sum(map(len, before.values())) < int(said[-1].split()[0].replace(",", ""))


NEVER_FILLED = ["account.EmailConfirmation"]
"""allauth signs links and keeps nothing of them."""


def test_what_each_database_numbers_for_itself_arrives_by_name(coming: Booking, opal: Client, target: str) -> None:
    lines = everything()
    with working_on(target):
        write(lines)
        there = Client.objects.get(pk=opal.pk)
        assert set(Group.objects.values_list("name", flat=True)) == {"guest", "operator", "owner", "night shift"}
        assert {group.name for group in there.groups.all()} == {"operator", "night shift"}
        (permission,) = there.user_permissions.all()
        assert permission.codename == "change_station"
        (entry,) = LogEntry.objects.all()
        assert entry.content_type.model_class() is Client
        assert (entry.user_id, entry.change_message) == (opal.pk, "Renamed.")


def test_numbers_of_second_factors_stay(coming: Booking, opal: Client, target: str) -> None:
    numbers = set(Authenticator.objects.values_list("pk", "type"))
    lines = everything()
    with working_on(target):
        write(lines)
        assert set(Authenticator.objects.values_list("pk", "type")) == numbers
        new = Authenticator.objects.create(user=opal, type="webauthn", data={})
        assert new.pk not in {number for number, _type in numbers}


def test_documents_keep_the_order_of_their_keys(coming: Booking, target: str) -> None:
    lines = everything()
    with working_on(target):
        write(lines)
        answer = IdempotencyKey.objects.get(key="k").answer
    assert list(answer) == ["z", "a", "text"]


def test_process_state_stays_behind(coming: Booking, target: str) -> None:
    lines = everything()
    with working_on(target):
        write(lines)
        assert not Beat.objects.exists()


@pytest.mark.parametrize("share", [0.4, 0.999])
def test_a_copy_that_was_cut_off_goes_on(coming: Booking, target: str, share: float) -> None:
    lines = everything()
    with working_on(target):
        with pytest.raises(Refused, match="ended too early"):
            write(lines[: int(len(lines) * share)])
        assert copy_under_way()
        said = write(lines)
        assert said[0].startswith("The target holds the beginning of this copy")
        assert said[-1].endswith("are the same on both sides.")
        assert check_integrity() == []


def test_a_copy_that_went_on_refuses_what_changed_meanwhile(coming: Booking, dara: Client, target: str) -> None:
    lines = everything()
    Client.objects.filter(pk=dara.pk).update(name="Dara the Second")
    changed = everything()
    with working_on(target):
        with pytest.raises(Refused):
            write(lines[: len(lines) // 2])
        with pytest.raises(Refused, match=f"another client with the id {dara.pk}"):
            write(changed)


def test_a_row_too_many_is_noticed(coming: Booking, target: str) -> None:
    lines = everything()
    with working_on(target):
        with pytest.raises(Refused):
            write(lines[:200])
        Tariff.objects.create(name="Made by somebody", currency="EUR")
        with pytest.raises(Refused, match=r"bookings\.Tariff differs: 1 rows"):
            write(lines)


def test_a_target_with_data_is_refused(coming: Booking, target: str) -> None:
    lines = everything()
    with working_on(target):
        Setting.objects.create(key="terms", value="Ours")
        with pytest.raises(Refused, match="not empty: it holds settings"):
            write(lines)
        assert copy_under_way() is None
        assert not Client.objects.exists()


def test_a_target_with_another_copy_is_refused(coming: Booking, target: str) -> None:
    lines = everything()
    with working_on(target):
        mark("sqlite /somewhere/else.sqlite3")
        with pytest.raises(Refused, match=r"unfinished copy of another database \(sqlite /somewhere/else\.sqlite3\)"):
            write(lines)


def test_the_same_database_is_refused(coming: Booking) -> None:
    with pytest.raises(Refused, match="the same database"):
        write(everything())


def test_the_mark_can_be_taken_away_twice(target: str) -> None:
    with working_on(target):
        mark("x")
        assert copy_under_way() == "x"
        unmark()
        unmark()
        assert copy_under_way() is None


def test_waiting_migrations_are_refused_on_both_sides(monkeypatch: Any, target: str) -> None:
    lines = everything()
    monkeypatch.setattr(reading, "migrations_wait", lambda: True)
    with pytest.raises(Refused, match=r"Migrations wait on the source: run `manage\.py migrate` there first"):
        everything()
    monkeypatch.setattr(writing, "migrations_wait", lambda: True)
    with working_on(target), pytest.raises(Refused, match="Migrations wait on the target"):
        write(lines)


def test_a_scheduler_at_work_is_refused_on_both_sides(coming: Booking, target: str) -> None:
    lines = everything()
    Beat.objects.update(beaten_at=clock.now() - dt.timedelta(seconds=4))
    with pytest.raises(Refused, match="periodic job was done on the source"):
        everything()
    with working_on(target):
        Beat.objects.create(name="scheduler", beaten_at=clock.now())
        with pytest.raises(Refused, match="periodic job was done on the target"):
            write(lines)


def test_a_checksum_that_differs_is_told(coming: Booking, target: str) -> None:
    lines = everything().splitlines(keepends=True)
    at = next(at for at, line in enumerate(lines) if '"end": "bookings.Station"' in line)
    words = json.loads(lines[at])
    lines[at] = json.dumps(words | {"checksum": "0" * 64}) + "\n"
    with working_on(target), pytest.raises(Refused, match=r"bookings\.Station differs: 1 rows with checksum 0000"):
        write("".join(lines))


def test_a_permission_that_the_target_lacks_is_named(coming: Booking, target: str) -> None:
    lines = everything().replace('"change_station"', '"paint_station"')
    with working_on(target), pytest.raises(Refused, match=r"no permission paint_station\.bookings\.station"):
        write(lines)


def test_instants_and_types_survive_the_way(coming: Booking) -> None:
    """A negative control of sorts: what one line says."""
    (line,) = [line for line in everything().splitlines() if "Moved and content." in line and "terms" in line][:1]
    assert json.loads(line)[1].endswith(".000+00:00")


@pytest.fixture
def meanwhile(monkeypatch: Any) -> Callable[[Callable[[], object]], None]:
    """Lets something happen when bookings have been read."""

    def arrange(happen: Callable[[], object]) -> None:
        read = reading._read

        def read_and_more(model: Any, *args: Any) -> None:
            read(model, *args)
            if model is Booking:
                happen()

        monkeypatch.setattr(reading, "_read", read_and_more)

    return arrange


def test_nobody_changes_a_source_unnoticed(meanwhile: Any, coming: Booking) -> None:
    """On MongoDB it is noticed at the end, on SQLite it is not possible."""
    if engines.ON_MONGODB:
        meanwhile(lambda: Station.objects.update(name="Changed meanwhile"))
        with pytest.raises(Refused, match="changed while it was copied"):
            everything()
        return

    def change() -> None:
        other = sqlite3.connect(connection.settings_dict["NAME"], timeout=0.05)
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            other.execute("UPDATE bookings_station SET name = 'Changed meanwhile'")
        other.close()

    meanwhile(change)
    assert everything().endswith('{"done": true}\n')


def test_state_that_stays_behind_may_change(meanwhile: Any, coming: Booking) -> None:
    meanwhile(lambda: Beat.objects.update(beaten_at=clock.now()))
    assert everything().endswith('{"done": true}\n')


def test_many_rows_come_in_pages(target: str) -> None:
    seen = {"actor": "filler", "action": "client.changed", "record_type": "bookings.client"}
    record_id = make_client("dara").pk
    Change.objects.bulk_create(Change(record_id=record_id, **seen) for _ in range(1203))
    rows = [row.pk for row in every_row(Change)]
    assert rows == sorted(set(Change.objects.values_list("pk", flat=True)))
    lines = everything()
    with working_on(target):
        write(lines)
        assert Change.objects.count() == len(rows)
