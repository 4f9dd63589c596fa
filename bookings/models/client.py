"""The driver's account, and what belongs to it."""

from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, Group, PermissionsMixin
from django.db import models
from django.utils.translation import gettext_lazy as _

from evbunker.db import all_by_key, by_key
from evbunker.models import Record

ROLES = ("viewer", "operator", "owner")
"""Staff groups, each may do what the ones before it may."""
SECOND_FACTORS = ("totp", "webauthn")
"""Kinds of allauth's authenticators that count: recovery codes alone are none."""


class ClientQuerySet(models.QuerySet["Client"]):
    def drivers(self) -> Self:
        return self.filter(is_staff=False)

    def visible_to(self, client: "Client") -> Self:
        """Staff see all clients, everybody else only themselves."""
        return self if client.acts_as_staff() else self.filter(pk=client.pk)


class ClientManager(BaseUserManager["Client"]):
    def get_queryset(self) -> ClientQuerySet:
        return ClientQuerySet(self.model, using=self._db)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Client":
        """A client with this login; without a password nobody can sign in by one."""
        client = self.model(email=email.strip().lower(), **fields)
        client.set_password(password)
        client.save()
        return client

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "Client":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "Client":
        return self.get(email=(username or "").lower())


class Client(Record, AbstractBaseUser, PermissionsMixin):
    """A driver's account; staff are clients in one of the groups `ROLES`."""

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC")
    language = models.CharField(_("language"), max_length=10, default="en")
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    suspended_at = models.DateTimeField(_("suspended"), null=True, blank=True)
    """When an operator shut the account, which is then not active; None: nobody did."""
    last_seen_at = models.DateTimeField(_("last seen"), null=True, blank=True)

    came_with_token = False
    """Set on the record of a request that an API token opened."""

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = ClientManager.from_queryset(ClientQuerySet)()

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        indexes = [
            models.Index(fields=["email"], name="client_email"),
            models.Index(fields=["created_at"], name="client_created"),
            models.Index(fields=["last_seen_at"], name="client_last_seen"),
            models.Index(fields=["is_active", "created_at"], name="client_active"),
            models.Index(fields=["is_staff", "created_at"], name="client_staff"),
            models.Index(fields=["country", "created_at"], name="client_country"),
            models.Index(fields=["suspended_at"], name="client_suspended"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def role(self) -> str | None:
        """The highest of `ROLES` this client has, or None; asked once a request."""
        if not (self.is_staff and self.is_active):
            return None
        if self.is_superuser:
            return "owner"
        if not hasattr(self, "_role"):
            memberships = all_by_key(Client.groups.through, "client", self.pk)
            held = {group.name for one in memberships if (group := by_key(Group, "id", one.group_id))}
            self._role = next((role for role in reversed(ROLES) if role in held), None)
        return self._role

    def forget_role(self) -> None:
        """Ask again: the groups changed."""
        vars(self).pop("_role", None)

    def has_role(self, least: str) -> bool:
        """May this client do what the staff group `least` may?"""
        role = self.role()
        return role is not None and ROLES.index(role) >= ROLES.index(least)

    def acts_as_staff(self) -> bool:
        """May this client, as it came in, see what is not its own? Staff without a second factor may not."""
        return self.role() is not None and not self.lacks_second_factor()

    def lacks_second_factor(self) -> bool:
        """Does this client still have to set up the second factor that STAFF_SECOND_FACTOR asks of staff?

        Who has one cannot sign in without it, and a token is a factor of its own. Asked once a request.
        """
        if not settings.STAFF_SECOND_FACTOR or self.came_with_token:
            return False
        if not hasattr(self, "_has_factor"):
            factors = all_by_key(self.authenticator_set.model, "user", self.pk)  # type: ignore[attr-defined]
            self._has_factor: bool = any(factor.type in SECOND_FACTORS for factor in factors)
        return not self._has_factor


class ApiToken(Record):
    """A key to the JSON API; only its hash is kept."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="api_tokens")
    hash = models.CharField(max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=60)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        indexes = [models.Index(fields=["hash"], name="apitoken_hash")]

    def __str__(self) -> str:
        return self.name


class Vehicle(Record):
    """A car of a client's: what it takes and uses."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="vehicles")
    name = models.CharField(_("name"), max_length=80)
    usable_battery_wh = models.PositiveIntegerField(_("usable battery"))
    ac_max_w = models.PositiveIntegerField(_("most AC power"))
    dc_max_w = models.PositiveIntegerField(_("most DC power"), default=0)
    wh_per_km = models.PositiveIntegerField(_("consumption"))
    connector_types = models.JSONField(_("connectors"), default=list)

    class Meta:
        verbose_name = _("vehicle")
        verbose_name_plural = _("vehicles")

    def __str__(self) -> str:
        return self.name

    @property
    def wh_per_100_km(self) -> int:
        """Consumption as drivers say it."""
        return self.wh_per_km * 100


class IdempotencyKey(Record):
    """The answer to a request that may be repeated. `answer` is None while the first one is under way."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.JSONField(null=True, blank=True)
    lease_until = models.DateTimeField()

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="idempotency_once")]
        indexes = [
            models.Index(fields=["client", "key"], name="idempotency_key"),
            models.Index(fields=["created_at"], name="idempotency_created"),
        ]

    def __str__(self) -> str:
        return self.key
