"""The MongoDB twins of other packages' migrations."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps

from evbunker import mongo_migrations
from tests import engines
from tests.serving import database_of_this_run

TWINS = sorted(path.name for path in Path(mongo_migrations.__path__[0]).iterdir() if (path / "__init__.py").exists())


def last_of(package: str) -> str:
    folder = Path(importlib.import_module(package).__path__[0])
    return max(path.stem for path in folder.glob("0*.py"))


@pytest.mark.parametrize("label", TWINS)
def test_a_twin_is_named_after_the_last_migration_of_its_app(label):
    """Others depend on that name; when this fails after an upgrade, the app has a migration that needs a twin."""
    assert last_of(f"evbunker.mongo_migrations.{label}") == last_of(f"{apps.get_app_config(label).name}.migrations")


def test_an_empty_database_can_be_migrated_with_productions_settings(tmp_path):
    """The test database was made by the tests' settings; this one by those that servers use, checks included."""
    url = database_of_this_run()["DATABASE_URL"]
    fresh = url.replace("/test_", "/test_fresh_") if engines.ON_MONGODB else f"sqlite:///{tmp_path}/fresh.sqlite3"
    environment = os.environ | {"DATABASE_URL": fresh, "DJANGO_SETTINGS_MODULE": "evbunker.settings"}
    for command in ("migrate", "check"):
        answer = subprocess.run(
            [sys.executable, "manage.py", command, "--database", "default"],
            cwd=engines.ROOT, env=environment, capture_output=True, text=True,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stderr
    assert "no issues" in answer.stdout
