"""Clients are found by words, as stations are; those who are there already get theirs."""

from django.db import migrations, models

from bookings.client_words import client_words

AT_ONCE = 200


def index_clients(apps, schema_editor):
    """Give every client the words it has not; safe to repeat."""
    alias = schema_editor.connection.alias
    clients = apps.get_model("bookings", "Client").objects.using(alias)
    words = apps.get_model("bookings", "SearchWord").objects.using(alias)
    last = None
    while batch := list((clients.filter(pk__gt=last) if last else clients.all()).order_by("pk")[:AT_ONCE]):
        known = set(words.filter(client_id__in=[one.pk for one in batch]).values_list("client_id", "word"))
        wanted = {(one.pk, word) for one in batch for word in client_words(one.name, one.email)}
        forgotten = {one.pk for one in batch if one.email.endswith("@deleted.invalid")}
        words.bulk_create(
            words.model(client_id=client_id, word=word)
            for client_id, word in sorted(wanted - known)
            if client_id not in forgotten
        )
        last = batch[-1].pk


def note_suspensions(apps, schema_editor):
    """Those whom an operator shut out before the day of it was kept; safe to repeat."""
    alias = schema_editor.connection.alias
    clients = apps.get_model("bookings", "Client").objects.using(alias)
    changes = apps.get_model("evbunker", "Change").objects.using(alias)
    for client in list(clients.filter(is_active=False, suspended_at__isnull=True)):
        noted = changes.filter(record_id=client.pk, action__in=["client.suspended", "client.restored"])
        last = max(noted, key=lambda change: change.pk, default=None)
        if last is not None and last.action == "client.suspended":
            clients.filter(pk=client.pk).update(suspended_at=last.created_at)


class Migration(migrations.Migration):
    dependencies = [("bookings", "0005_sessions_in_order"), ("evbunker", "0007_change_filters")]

    operations = [
        migrations.AddIndex(
            model_name="searchword", index=models.Index(fields=["word", "client"], name="searchword_word_client")
        ),
        migrations.RemoveIndex(model_name="searchword", name="searchword_word"),
        migrations.RunPython(index_clients, migrations.RunPython.noop),
        migrations.RunPython(note_suspensions, migrations.RunPython.noop),
    ]
