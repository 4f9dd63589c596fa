"""Make a client from the command line."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from bookings.models.client import ROLES
from bookings.provisioning import provide_client
from bookings.roles import set_role

ACTOR = "create_client"


class Command(BaseCommand):
    help = (
        "Make a client with a verified address and no password: it signs in after resetting it. "
        "Repeating it changes nothing but the role that --role names."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--role", choices=ROLES, help="the staff group to put it into")

    def handle(self, *args: Any, email: str, role: str | None, **options: Any) -> None:
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email!r} is not an e-mail address.") from error
        client, made = provide_client(email=email, actor=ACTOR)
        self.stdout.write(f"{client.email}: {'created, without a password' if made else 'there already'}.")
        if role:
            changed = set_role(client=client, role=role, actor=ACTOR)
            self.stdout.write(f"{client.email}: {'now' if changed else 'already'} {role}.")
