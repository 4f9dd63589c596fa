"""What must hold before a server may start: `manage.py check` says it, `evbunker.asgi` and `evbunker.wsgi` insist."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor

from evbunker.copying.marker import copy_under_way
from evbunker.db import DATABASE_ERRORS, is_standalone

TAG = "evbunker"
SHORTEST_SECRET = 50
DEBUG_SECRET_PREFIX = "only-for-debugging"  # noqa: S105 - the one everybody knows
LIVE_SOURCES = ("signals", "change-streams")
Apps = Sequence[AppConfig] | None


def refuse_unsafe_settings() -> None:
    """Raise ImproperlyConfigured if a check of ours finds an error: servers do not run checks by themselves."""
    # In a thread of its own, because some servers import the application inside their event loop.
    with ThreadPoolExecutor(1) as pool:
        errors = pool.submit(_serious_findings).result()
    if errors:
        raise ImproperlyConfigured("\n".join(["This is not safe to start:", *map(str, errors)]))


def _serious_findings() -> list[CheckMessage]:
    try:
        return [message for message in run_checks(tags=[TAG], databases=["default"]) if message.is_serious()]
    finally:
        connection.close()


@register(TAG)
def check_secret_key(app_configs: Apps, **kwargs: Any) -> Iterable[CheckMessage]:
    """Whoever knows the key can sign in as anybody."""
    key = settings.SECRET_KEY
    if not settings.DEBUG and (len(key) < SHORTEST_SECRET or key.startswith(DEBUG_SECRET_PREFIX)):
        yield Error(
            f"SECRET_KEY is the one for debugging, or shorter than {SHORTEST_SECRET} characters.",
            hint="python -c 'import secrets; print(secrets.token_urlsafe(50))' makes one.",
            id="evbunker.E001",
        )


@register(TAG)
def check_processes(app_configs: Apps, **kwargs: Any) -> Iterable[CheckMessage]:
    """Memory is one process's own: another's pages would stay as they were, and limits would count twice."""
    if settings.WEB_PROCESSES > 1 and not settings.REDIS_URL:
        yield Error(f"WEB_PROCESSES={settings.WEB_PROCESSES} needs REDIS_URL.", id="evbunker.E002")


@register(TAG)
def check_live_source(app_configs: Apps, **kwargs: Any) -> Iterable[CheckMessage]:
    if settings.LIVE_SOURCE not in LIVE_SOURCES:
        yield Error(f"LIVE_SOURCE is {settings.LIVE_SOURCE!r}, not one of {LIVE_SOURCES}.", id="evbunker.E003")
    elif settings.LIVE_SOURCE == "change-streams" and not (settings.ON_MONGODB and settings.REDIS_URL):
        yield Error("LIVE_SOURCE=change-streams needs MongoDB (DATABASE_URL) and REDIS_URL.", id="evbunker.E004")


@register(TAG, Tags.database)
def check_database(app_configs: Apps, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Transactions and unique indexes decide who gets a slot: without them, two drivers do."""
    if not databases:
        return []
    try:
        return list(_database_findings())
    except DATABASE_ERRORS as error:
        return [Error(f"The database does not answer: {error}", id="evbunker.E005")]


def _database_findings() -> Iterable[CheckMessage]:
    if is_standalone():
        yield Error(
            "This MongoDB server belongs to no replica set, so it has no transactions.",
            hint="Start it with --replSet NAME, initiate the set, and name it in DATABASE_URL (?replicaSet=NAME).",
            id="evbunker.E006",
        )
    elif migrations_wait():
        yield Warning("Migrations wait: run `manage.py migrate`.", id="evbunker.W007")
    elif source := copy_under_way():
        yield Error(
            f"This database holds an unfinished copy of another one ({source}).",
            hint="Run the same copy again until it says that all rows are the same, or begin with an empty database.",
            id="evbunker.E008",
        )
    else:
        yield from map(_missing, missing_unique_indexes())


def migrations_wait() -> bool:
    """Whether the database is older than the migrations."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _missing(index: tuple[str, tuple[str, ...]]) -> CheckMessage:
    table, columns = index
    return Error(
        f"{table} has no unique index on {', '.join(columns)}.",
        hint="Find out who dropped it, remove duplicates, and create it again as the migration does.",
        id="evbunker.E007",
    )


def missing_unique_indexes() -> list[tuple[str, tuple[str, ...]]]:
    """Table and columns of every unique index that the models declare and the database lacks."""
    missing = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            found = connection.introspection.get_constraints(cursor, table).values()
            unique = {frozenset(index["columns"]) for index in found if index["unique"]}
            missing += [(table, columns) for columns in _unique_columns(model) if frozenset(columns) not in unique]
    return missing


def _unique_columns(model: type[models.Model]) -> Iterable[tuple[str, ...]]:
    """The columns of each unique field and constraint; the primary key cannot be missing."""
    meta = model._meta
    groups: list[Iterable[str]] = [*meta.unique_together]
    groups += [constraint.fields for constraint in meta.constraints if isinstance(constraint, models.UniqueConstraint)]
    for names in filter(None, groups):
        yield tuple(str(meta.get_field(name).column) for name in names)  # type: ignore[union-attr]
    for unique_field in meta.local_fields:
        if unique_field.unique and not unique_field.primary_key:
            yield (unique_field.column,)
