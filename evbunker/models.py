"""What every record has, the audit trail, and sign-in sessions."""

import uuid

import uuid_utils
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils.translation import gettext_lazy as _

from evbunker import clock


def new_id() -> uuid.UUID:
    """A time-ordered UUID (version 7): ids made later sort later."""
    return uuid.UUID(int=uuid_utils.uuid7().int)


class Record(models.Model):
    """Base of every model: time-ordered id, and when it was made and last changed (aware UTC, whole seconds).

    `db_column="_id"` makes the id MongoDB's own primary key; any other name would not be found by an index.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, db_column="_id")
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)
    updated_at = models.DateTimeField(_("updated"), default=clock.now, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: object, **kwargs: object) -> None:
        """Save, and say when."""
        self.updated_at = clock.now()
        fields = kwargs.get("update_fields")
        if fields is not None:
            kwargs["update_fields"] = {*fields, "updated_at"}  # type: ignore[misc]
        super().save(*args, **kwargs)  # type: ignore[arg-type]


class Change(Record):
    """One act on one record: append-only, written in the unit of work that did it.

    `actor_id` is None when the system acted (a job, a webhook); `actor` then says which.
    """

    actor_id = models.UUIDField(null=True, blank=True)
    actor = models.CharField(max_length=254)
    action = models.CharField(max_length=60)
    record_type = models.CharField(max_length=60)
    record_id = models.UUIDField()
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        indexes = [
            models.Index(fields=["record_id", "created_at"], name="change_record"),
            models.Index(fields=["created_at"], name="change_created"),
            models.Index(fields=["actor_id", "created_at"], name="change_actor_created"),
            models.Index(fields=["action", "created_at"], name="change_action"),
            models.Index(fields=["record_type", "created_at"], name="change_type"),
        ]

    def __str__(self) -> str:
        return f"{self.actor}: {self.action} {self.record_type}"


class SignInSession(AbstractBaseSession):
    """A browser's sign-in session, as `evbunker.sessions` keeps it.

    No Record: Django finds it by its key alone, and the key is MongoDB's own primary key, so that an index serves it.
    """

    session_key = models.CharField(_("session key"), max_length=40, primary_key=True, db_column="_id")

    class Meta(AbstractBaseSession.Meta):  # type: ignore[name-defined,misc]
        verbose_name = _("sign-in session")
        verbose_name_plural = _("sign-in sessions")

    @classmethod
    def get_session_store_class(cls) -> type:
        from evbunker.sessions import SessionStore

        return SessionStore


class Relay(Record):
    """One row: who turns change streams into events, and how far it came (`evbunker.relay.lease`).

    `counter` grows with every sign of life of the `holder`; no holder: nobody leads. `token` is the server's, after
    the last change that was told; None before the first. `told_until`: what was written before has been told.
    """

    name = models.CharField(max_length=40, unique=True)
    holder = models.CharField(max_length=120, blank=True)
    counter = models.BigIntegerField(default=0)
    token = models.JSONField(null=True, blank=True)
    told_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("relay")
        verbose_name_plural = _("relays")
        indexes = [models.Index(fields=["name"], name="relay_name")]

    def __str__(self) -> str:
        return self.name
