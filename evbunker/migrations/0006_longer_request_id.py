from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("evbunker", "0005_relay")]

    operations = [
        migrations.AlterField(
            model_name="change",
            name="request_id",
            field=models.CharField(blank=True, max_length=64),
        ),
    ]
