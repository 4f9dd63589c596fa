"""Make a key to the JSON API for a client."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bookings.models import Client
from bookings.tokens import create_token


class Command(BaseCommand):
    help = "Create an API token for a client. Its text, which is never shown again, is the last line of the output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the client's e-mail address")
        parser.add_argument("--name", default="Made on the command line", help="what the client will see it called")

    def handle(self, *args: Any, **options: Any) -> None:
        client = Client.objects.filter(email=options["email"].strip().lower(), is_active=True).first()
        if client is None:
            raise CommandError(f"There is no active client {options['email']}.")
        _token, text = create_token(client=client, name=options["name"][:60])
        self.stdout.write(f"A token for {client.email}:")
        self.stdout.write(text)
