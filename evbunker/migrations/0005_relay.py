from django.db import migrations, models

import evbunker.clock
import evbunker.models


class Migration(migrations.Migration):
    dependencies = [
        ("evbunker", "0004_sign_in_session"),
    ]

    operations = [
        migrations.CreateModel(
            name="Relay",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_column="_id",
                        default=evbunker.models.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=evbunker.clock.now, editable=False, verbose_name="created"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=evbunker.clock.now, editable=False, verbose_name="updated"),
                ),
                ("name", models.CharField(max_length=40, unique=True)),
                ("holder", models.CharField(blank=True, max_length=120)),
                ("counter", models.BigIntegerField(default=0)),
                ("token", models.JSONField(blank=True, null=True)),
                ("told_until", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "relay",
                "verbose_name_plural": "relays",
                "indexes": [models.Index(fields=["name"], name="relay_name")],
            },
        ),
    ]
