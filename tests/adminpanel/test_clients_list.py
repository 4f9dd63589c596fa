"""The operators' list of clients: by words, by filters, page after page, and its rows as they change."""

import datetime as dt
import re
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client as Browser

from adminpanel import client_finding
from adminpanel.client_finding import Wanted, find
from adminpanel.client_words import State, state_of
from bookings.client_words import client_words, index_client
from bookings.leaving import deactivate_account, delete_account
from bookings.models import Client, SearchWord
from bookings.profile import save_profile
from bookings.standing import restore_client, suspend_client
from evbunker import clock
from evbunker.models import new_id
from tests.people import make_client

LIST = "/operations/clients/"
SIGN_UP = {"email": "nora.quist@example.org", "password1": "a long enough secret", "name": "Nóra Quist"}


@pytest.fixture
def desk(vera: Client) -> Browser:
    signed_in = Browser()
    signed_in.force_login(vera)
    return signed_in


def shown(desk: Browser, **asked: Any) -> list[str]:
    """The names of the rows on a page of the list."""
    page = desk.get(LIST, asked).content.decode()
    return re.findall(r'id="client-[^"]+"><span class="cell-name">([^<]+)</span>', page)


def crowd(number: int, **fields: Any) -> list[Client]:
    """`number` clients called Robin, a second apart, with their words."""
    begins = clock.now() - dt.timedelta(hours=1)
    made = Client.objects.bulk_create(
        Client(
            id=new_id(), email=f"robin.{n:04}@example.org", name=f"Robin {n:04}", password="!",
            created_at=begins + dt.timedelta(seconds=n), **fields,
        )
        for n in range(number)
    )  # fmt: skip
    words = [(one, word) for one in made for word in client_words(one.name, one.email)]
    SearchWord.objects.bulk_create(SearchWord(client=one, word=word) for one, word in words)
    return made


def pages(**asked: Any) -> list[str]:
    """The names on all pages of a list."""
    names, cursor = [], ""
    while True:
        found = find(Wanted(**asked), cursor=cursor)
        names += [client.name for client in found.rows]
        cursor = found.next
        if not cursor:
            return names


def test_beginnings_of_words_find_whoever_signed_up_and_follow_the_name(desk: Browser, client: Browser) -> None:
    client.post("/accounts/signup/", SIGN_UP)
    for words in ("nora", "QUIST no", "nora.qu", "exa", "nóra"):
        assert shown(desk, q=words) == ["Nóra Quist"], words
    assert shown(desk, q=" Nora.Quist@Example.org ") == ["Nóra Quist"]
    assert shown(desk, q=str(Client.objects.get(email=SIGN_UP["email"]).pk)) == ["Nóra Quist"]
    for words in ("ora", "nora.quirk@example.org", "nora moreau", "'; DROP TABLE", "%", "@", "\N{SNOWMAN}"):
        assert shown(desk, q=words) == [], words
    nora = Client.objects.get(email=SIGN_UP["email"])
    save_profile(client=nora, changes={"name": "Norbert Moreau", "country": "FR", "time_zone": "Europe/Paris"})
    assert shown(desk, q="moreau") == shown(desk, q="nora") == ["Norbert Moreau"], "the address stayed"
    assert shown(desk, q="nóra m") == ["Norbert Moreau"]
    delete_account(client=nora)
    assert shown(desk, q="moreau") == []
    assert not SearchWord.objects.filter(client=nora).exists()


def test_indexing_again_changes_nothing(dara: Client) -> None:
    for _time in range(2):
        index_client(dara.pk)
        assert {row.word for row in SearchWord.objects.filter(client=dara)} == {"@dara", "@example", "@org"}
        assert SearchWord.objects.filter(client=dara).count() == 3


def test_pages_of_a_common_word_and_of_all_show_everybody_once(desk: Browser, vera: Client) -> None:
    """More share the word than one query reads, with the name and the address beginning alike."""
    names = [client.name for client in crowd(230)]
    assert sorted(pages(q="robin")) == names
    assert pages(q="rob 0007") == ["Robin 0007"]
    assert pages() == ["Vera", *reversed(names)]
    page = desk.get(LIST, {"q": "robin"}).content.decode()
    cursor = unquote(re.search(r'rel="next"[^>]*href="\?q=robin&amp;cursor=([^"&]+)"', page)[1])
    more = desk.get(LIST, {"q": "robin", "cursor": cursor}, headers={"HX-Request": "true"}).content.decode()
    assert more.lstrip().startswith("<tbody>")
    assert more.count("<tr id=") == 50
    assert desk.get(LIST, {"q": "moreau", "cursor": cursor}).status_code == 422, "the cursor of another search"
    for made_up in ("x", "zz.@robin", "5f-00"):
        assert desk.get(LIST, {"q": "robin", "cursor": made_up}).status_code == 422
        assert desk.get(LIST, {"cursor": made_up}).status_code == 422


def test_a_rare_thing_is_looked_for_a_bounded_way_and_the_page_says_so(
    desk: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_finding, "LOOKED_AT", 120)
    last = crowd(130)[-1]
    Client.objects.filter(pk=last.pk).update(country="JP")
    page = desk.get(LIST, {"q": "robin", "country": "JP"}).content.decode()
    assert "looked through for this page" in page
    assert "No such client so far" in page
    assert pages(q="robin", country="JP") == [last.name]


def test_every_filter_finds_its_own(desk: Browser, dara: Client, eli: Client, opal: Client, vera: Client) -> None:
    gone, away = make_client("gone"), make_client("away", country="FR")
    delete_account(client=gone)
    deactivate_account(client=away)
    suspend_client(client=eli, actor=opal, reason="unpaid")
    Client.objects.filter(pk=dara.pk).update(last_seen_at=clock.now() - dt.timedelta(days=3))
    states = {state_of(client): client for client in Client.objects.all()}
    assert set(states) == set(State)
    assert shown(desk, state="suspended") == ["Eli"]
    assert shown(desk, state="deactivated") == ["Away"]
    assert shown(desk, state="deleted") == ["Deleted account"]
    assert sorted(shown(desk, state="active")) == ["Dara", "Opal", "Vera"]
    assert sorted(shown(desk, kind="staff")) == ["Opal", "Vera"]
    assert sorted(shown(desk, kind="driver", state="active")) == ["Dara"]
    assert shown(desk, country="FR") == ["Away"]
    assert shown(desk, seen="7") == ["Vera", "Dara"]
    assert "Dara" not in shown(desk, seen="1")
    assert shown(desk, state="deactivated", country="DE") == []
    assert "gone@example.org" not in desk.get(LIST).content.decode()
    restore_client(client=away, actor=opal)
    assert shown(desk, state="deactivated") == []


def test_a_row_changes_with_its_client_and_says_nothing_else(desk: Browser, dara: Client, opal: Client) -> None:
    panel = f"/live/panels/clients:{dara.pk}/"
    assert "Active" in desk.get(panel).content.decode()
    suspend_client(client=dara, actor=opal, reason="unpaid")
    row = desk.get(panel).content.decode()
    assert "Suspended" in row
    assert row in desk.get(LIST, {"kind": "driver"}).content.decode().replace('data-v=""', f'data-v="{version(row)}"')


def version(html: str) -> str:
    return re.search(r'data-v="([^"]*)"', html)[1]


def test_names_are_shown_as_text_and_nothing_is_said_when_nobody_is_there(desk: Browser) -> None:
    evil = make_client("mallory")
    Client.objects.filter(pk=evil.pk).update(name="<script>alert(1)</script>")
    for path in (LIST, f"{LIST}{evil.pk}/"):
        assert "<script>alert" not in desk.get(path).content.decode()
    assert "No such client" in desk.get(LIST, {"q": "x"}).content.decode()
    assert "Select a valid choice" in desk.get(LIST, {"state": "rich"}).content.decode()
