"""What an alert says, kept for when it is over."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("adminpanel", "0007_network_days")]

    operations = [
        migrations.AddField("alert", "sentence", models.CharField("alert", max_length=300, default="")),
        migrations.AlterField("alert", "since", models.DateTimeField("since")),
        migrations.AlterField("alert", "told_at", models.DateTimeField("told", null=True, blank=True)),
    ]
