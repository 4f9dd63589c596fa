"""The operator's texts, and writing to it."""

import pytest
from django.core import mail
from django.test import Client as Visitor

from adminpanel.prose import Block, blocks
from adminpanel.texts import TEXTS, UnknownText, set_text, text_of
from bookings.models import Client
from evbunker.models import Change

MESSAGE = {"email": "dara@example.org", "message": "The cable is stuck."}


@pytest.fixture
def reachable(settings: object, olga: Client) -> None:
    """A site that can send mail, and knows where to."""
    settings.EMAIL_URL = "smtp://mail.example.org"
    set_text(key="operator_email", value="help@example.org", actor=olga)


def test_prose_knows_headings_lists_and_paragraphs() -> None:
    text = "One\nline.\r\n\r\n# Heading\n\n\n\n- a\n- b\n\n# not\nalone\n\n- mixed\nup\n\n   \n\n"
    assert blocks(text) == [
        Block("paragraph", ["One", "line."]),
        Block("heading", ["Heading"]),
        Block("list", ["a", "b"]),
        Block("paragraph", ["# not", "alone"]),
        Block("paragraph", ["- mixed", "up"]),
    ]
    assert blocks("") == []


@pytest.mark.parametrize("key", ["terms", "privacy", "security", "contact"])
def test_a_page_shows_what_the_operator_wrote(client: Visitor, olga: Client, key: str) -> None:
    assert (
        str(TEXTS[key].default).split("\n\n")[0][:40].replace("'", "&#x27;") in client.get(f"/{key}/").content.decode()
    )
    set_text(key=key, value="# Ours\n\nWrite to <b>us</b> at https://example.org/x", actor=olga)
    page = client.get(f"/{key}/").content.decode()
    assert "<h2>Ours</h2>" in page
    assert "&lt;b&gt;us&lt;/b&gt;" in page
    assert '<a href="https://example.org/x" rel="nofollow">' in page
    set_text(key=key, value="", actor=olga)
    assert text_of(key) == str(TEXTS[key].default)


def test_writing_the_same_again_changes_nothing(olga: Client) -> None:
    set_text(key="terms", value="A", actor=olga)
    set_text(key="terms", value="A", actor=olga)
    change = Change.objects.get()
    assert (change.before, change.after) == ({}, {"value": "A"})


def test_an_unknown_text_is_refused(olga: Client) -> None:
    with pytest.raises(UnknownText):
        set_text(key="banner", value="Buy!", actor=olga)


def test_a_message_reaches_the_operator(client: Visitor, reachable: None) -> None:
    answer = client.post("/contact/", MESSAGE, follow=True)
    assert "on its way" in answer.content.decode()
    [sent] = mail.outbox
    assert (sent.to, sent.reply_to, sent.body) == (["help@example.org"], ["dara@example.org"], "The cable is stuck.")


@pytest.mark.parametrize(
    "wrong",
    [{"email": "nobody"}, {"message": ""}, {"email": "a@example.org\nBcc: b@example.org"}, {"message": "x" * 5001}],
)
def test_an_incomplete_message_is_not_sent(client: Visitor, reachable: None, wrong: dict[str, str]) -> None:
    assert client.post("/contact/", MESSAGE | wrong).status_code == 200
    assert mail.outbox == []


def test_the_form_knows_who_is_signed_in(client: Visitor, reachable: None, dara: Client) -> None:
    client.force_login(dara)
    assert client.get("/contact/").context["form"]["email"].value() == dara.email


def test_too_many_messages_are_refused(client: Visitor, reachable: None) -> None:
    for _number in range(5):
        client.post("/contact/", MESSAGE)
    answer = client.post("/contact/", MESSAGE)
    assert "too often" in answer.content.decode()
    assert "The cable is stuck." in answer.content.decode(), "what was written is not lost"
    assert len(mail.outbox) == 5


def test_a_mail_server_that_fails_is_admitted(
    client: Visitor, reachable: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMessage.send", fail)
    assert "could not be sent" in client.post("/contact/", MESSAGE).content.decode()


def test_without_an_address_or_mail_the_page_says_so(client: Visitor, olga: Client) -> None:
    page = client.get("/contact/").content.decode()
    assert "has not given an address" in page
    assert "<form" not in page.split("<main")[1].split("</main")[0]
    set_text(key="operator_email", value="help@example.org", actor=olga)
    page = client.get("/contact/").content.decode()
    assert "mailto:help@example.org" in page
    assert "cannot send e-mail itself" in page
    assert client.post("/contact/", MESSAGE).status_code == 200
    assert mail.outbox == []
