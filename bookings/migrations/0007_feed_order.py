"""Indexes of the feed: when sessions started and when stations were added."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0006_client_words")]

    operations = [
        migrations.AddIndex(
            model_name="chargingsession", index=models.Index(fields=["started_at"], name="session_started")
        ),
        migrations.AddIndex(model_name="station", index=models.Index(fields=["created_at"], name="station_created")),
    ]
