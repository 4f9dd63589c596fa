"""Indexes of the audit page: what one person did, and one kind of act, newest first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("evbunker", "0006_longer_request_id")]

    operations = [
        migrations.AddIndex(
            model_name="change", index=models.Index(fields=["actor_id", "created_at"], name="change_actor_created")
        ),
        migrations.AddIndex(
            model_name="change", index=models.Index(fields=["action", "created_at"], name="change_action")
        ),
        migrations.RemoveIndex(model_name="change", name="change_actor"),
    ]
