"""docs/deploy.md against the settings and the models that it speaks of."""

import re

import pytest
from django.apps import apps
from django.db import models

from evbunker.checks import _unique_columns
from tests.deploy import reading
from tests.engines import ROOT
from tests.plans import GROWING, SMALL

TEXT = (ROOT / "docs/deploy.md").read_text()
UNSHARDED = "unsharded"


def section(title: str) -> str:
    return re.split(r"(?m)^## ", TEXT.partition(f"\n## {title}\n")[2])[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row but the heads."""
    lines = re.findall(r"(?m)^\|(.+)\|$", text)
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines if "`" in line]


def named(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`(\w+)`", cell))


def test_every_setting_is_in_the_table_and_no_other():
    written = [name for row in rows(section("Settings")) for name in named(row[0])]
    read = reading.variables_read_by("evbunker/settings.py", "evbunker/processes.py")
    assert sorted(written) == sorted(read)


SHARDING = {named(row[0])[0]: row for row in rows(section("Shard keys"))}


def test_every_growing_collection_has_its_say_about_shards():
    assert SHARDING.keys() == GROWING
    assert not SHARDING.keys() & SMALL


@pytest.mark.parametrize("collection", sorted(SHARDING))
def test_its_unique_indexes_begin_with_its_shard_key_and_an_index_serves_it(collection):
    [model] = [model for model in apps.get_models(include_auto_created=True) if model._meta.db_table == collection]
    _, key, unique, *_ = SHARDING[collection]
    declared = set(_unique_columns(model))
    assert {frozenset(named(one)) for one in unique.split(";") if one} == set(map(frozenset, declared))
    if key == UNSHARDED:
        return
    columns = named(key)
    assert all(one[: len(columns)] == columns for one in declared), "MongoDB would refuse it"
    assert columns == ("_id",) or any(index[: len(columns)] == columns for index in plain_indexes(model))


def plain_indexes(model: type[models.Model]) -> list[tuple[str, ...]]:
    """Columns of each index that is not unique: the unique ones are partial, and MongoDB shards by no partial one."""
    fields = [index.fields for index in model._meta.indexes]
    return [tuple(model._meta.get_field(name).column for name in names) for names in fields] + [
        (field.column,) for field in model._meta.local_fields if field.db_index and not field.unique
    ]


def test_every_service_and_program_it_speaks_of_exists():
    services = set(re.findall(r"docker compose (?:exec|run --rm|cp \S+) (?:-T )?([a-z][\w-]*)", TEXT))
    assert services <= reading.services().keys()
    for module in set(re.findall(r"python -m ([\w.]+)", TEXT)):
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file()
    for path in set(re.findall(r"\]\(([\w./]+)\)", TEXT)):
        assert (ROOT / "docs" / path).exists(), path
