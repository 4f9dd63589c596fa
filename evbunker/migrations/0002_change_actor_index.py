from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("evbunker", "0001_initial")]

    operations = [
        migrations.AddIndex(model_name="change", index=models.Index(fields=["actor_id"], name="change_actor")),
    ]
