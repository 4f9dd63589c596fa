"""What clients change of their own: who they are, and what they drive."""

from typing import Any

from bookings.client_words import index_client
from bookings.models import Client, Vehicle
from bookings.signals import client_changed
from evbunker.audit import record_change
from evbunker.db import atomic, claim, on_commit

PROFILE = ("name", "country", "time_zone")


@atomic
def save_profile(*, client: Client, changes: dict[str, Any]) -> bool:
    """Write the fields in PROFILE; False if nothing is different."""
    before = Client.objects.filter(pk=client.pk).values(*PROFILE).get()
    after = {name: changes[name] for name in PROFILE}
    if after == before:
        return False
    claim(Client.objects.filter(pk=client.pk), **after)
    index_client(client.pk)
    record_change(actor=client, action="client.profile", record=client, before=before, after=after)
    on_commit(lambda: client_changed.send_robust(Client, client_id=client.pk))
    return True


@atomic
def save_vehicle(*, client: Client, vehicle: Vehicle | None, changes: dict[str, Any]) -> Vehicle:
    """Change `vehicle`, or give the client a new one."""
    saved = vehicle or Vehicle(client=client)
    for name, value in changes.items():
        setattr(saved, name, value)
    saved.save()
    action = "vehicle.changed" if vehicle else "vehicle.added"
    record_change(actor=client, action=action, record=saved, after={"name": saved.name})
    return saved


@atomic
def remove_vehicle(*, client: Client, vehicle: Vehicle) -> None:
    """Delete the vehicle; what it charged stays. Safe to repeat."""
    deleted, _by_model = Vehicle.objects.filter(pk=vehicle.pk).delete()
    if deleted:
        record_change(actor=client, action="vehicle.removed", record=vehicle, before={"name": vehicle.name})
