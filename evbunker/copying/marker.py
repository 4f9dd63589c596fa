"""The note in the target that says which copy is under way there: a table of its own, gone when the copy is done."""

from django.apps.registry import Apps
from django.db import connection, models


class Marker(models.Model):
    """One row: the identity of the source. In no app, so that no migration makes its table and no copy copies it."""

    id = models.CharField(primary_key=True, max_length=10, db_column="_id")
    source = models.TextField()

    class Meta:
        apps = Apps()
        app_label = "evbunker"
        db_table = "evbunker_unfinished_copy"

    def __str__(self) -> str:
        return self.source


def copy_under_way() -> str | None:
    """The source of the copy that did not end here; None if there is none."""
    if Marker._meta.db_table not in connection.introspection.table_names():
        return None
    marker = Marker._default_manager.first()
    return marker.source if marker else None


def mark(source: str) -> None:
    """Note that a copy of `source` begins here."""
    if Marker._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Marker)
    Marker._default_manager.bulk_create([Marker(id="copy", source=source)])


def unmark() -> None:
    """Forget the copy: it is done."""
    if Marker._meta.db_table in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.delete_model(Marker)
