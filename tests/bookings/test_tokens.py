"""Keys to the JSON API."""

import datetime as dt
import io

import pytest
from django.core.management import CommandError, call_command

from bookings.models import ApiToken, Client
from bookings.tokens import client_of_token, create_token, hash_of, revoke_token
from evbunker import clock
from evbunker.models import Change

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_token_opens_its_clients_account_and_only_its_hash_is_kept(dara: Client) -> None:
    token, text = create_token(client=dara, name="Car")
    assert text.startswith("evb_")
    assert len(text) >= 4 + 43
    assert client_of_token(text) == dara
    assert text not in str(ApiToken.objects.filter(pk=token.pk).values().get())
    assert token.hash == hash_of(text)


@pytest.mark.parametrize("text", ["", "evb_", "evb_wrong", "\udcff", "x" * 5000])
def test_what_is_no_token_opens_nothing(dara: Client, text: str) -> None:
    create_token(client=dara, name="Car")
    assert client_of_token(text) is None


def test_an_inactive_clients_token_opens_nothing(dara: Client) -> None:
    _token, text = create_token(client=dara, name="Car")
    Client.objects.filter(pk=dara.pk).update(is_active=False)
    assert client_of_token(text) is None


def test_a_revoked_token_opens_nothing_and_revoking_twice_is_noted_once(dara: Client) -> None:
    token, text = create_token(client=dara, name="Car")
    revoke_token(token=token, actor=dara)
    revoke_token(token=token, actor=dara)
    assert client_of_token(text) is None
    assert Change.objects.filter(action="token.revoked").count() == 1


def test_its_last_use_is_written_at_most_once_a_minute(dara: Client) -> None:
    token, text = create_token(client=dara, name="Car")
    noon = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    seen = []
    for seconds in (0, 59, 60, 119):
        with clock.moved_to(noon + dt.timedelta(seconds=seconds)):
            client_of_token(text)
        token.refresh_from_db()
        seen.append((token.last_used_at - noon).total_seconds())
    assert seen == [0, 0, 60, 60]


def test_the_command_prints_the_token_alone_on_the_last_line(dara: Client) -> None:
    out = io.StringIO()
    call_command("create_api_token", "  DARA@example.org ", stdout=out)
    assert client_of_token(out.getvalue().rstrip("\n").splitlines()[-1]) == dara


def test_the_command_refuses_a_stranger_and_an_inactive_client(dara: Client) -> None:
    Client.objects.filter(pk=dara.pk).update(is_active=False)
    for email in ("nobody@example.org", dara.email):
        with pytest.raises(CommandError, match="no active client"):
            call_command("create_api_token", email, stdout=io.StringIO())
    assert not ApiToken.objects.exists()
