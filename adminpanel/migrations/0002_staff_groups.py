"""The staff groups of `bookings.models.client.ROLES`."""

from django.db import migrations

GROUPS = ("viewer", "operator", "owner")


def make_groups(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    for name in GROUPS:
        if not groups.filter(name=name).exists():
            groups.create(name=name)


class Migration(migrations.Migration):
    dependencies = [("adminpanel", "0001_initial"), ("auth", "__first__"), ("bookings", "0001_initial")]
    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
