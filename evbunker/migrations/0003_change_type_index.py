from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("evbunker", "0002_change_actor_index")]

    operations = [
        migrations.AddIndex(
            model_name="change", index=models.Index(fields=["record_type", "created_at"], name="change_type")
        ),
    ]
