"""Payments that confirmed a booking before there were refunds get the command that sends back what was not used.

Since then every such payment gets its command in the unit of work that captures it, so this ends the matter: afterwards
each has one, and the outbox does it when its booking is over (those of the past at once). Safe to run twice.
"""

from typing import Any

from django.db import migrations

from evbunker.db import lowest

AT_A_TIME = 500


def ask_for_settling(apps: Any, _schema_editor: Any) -> None:
    payments = apps.get_model("payments", "Payment").objects
    page = lowest(payments.all(), by="id", limit=AT_A_TIME)
    while page:
        _complete(apps, [payment for payment in page if payment.status == "captured" and payment.captured_day])
        page = lowest(payments.filter(pk__gt=page[-1].pk), by="id", limit=AT_A_TIME)


def _complete(apps: Any, payments: list[Any]) -> None:
    command = apps.get_model("payments", "GatewayCommand")
    keys = {f"settle:{payment.pk}": payment for payment in payments}
    known = set(command.objects.filter(idempotency_key__in=list(keys)).values_list("idempotency_key", flat=True))
    lacking = {key: payment for key, payment in keys.items() if key not in known}
    booked = [payment.booking_id for payment in lacking.values()]
    ends = dict(apps.get_model("bookings", "Booking").objects.filter(pk__in=booked).values_list("pk", "ends_at"))
    command.objects.bulk_create(
        command(payment_id=payment.pk, kind="settle", idempotency_key=key, next_at=ends[payment.booking_id])
        for key, payment in lacking.items()
    )


class Migration(migrations.Migration):
    dependencies = [("payments", "0005_comparing")]

    operations = [migrations.RunPython(ask_for_settling, migrations.RunPython.noop)]
