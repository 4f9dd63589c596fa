"""Who may see which panel, by page, by GET and by socket: the same answer everywhere."""

import pytest
from channels.db import database_sync_to_async
from django.conf import settings
from django.test import client as browsers

from bookings.models import Client
from bookings.tokens import create_token

ALLOWED, SIGNED_OUT, REFUSED = "allowed", 4401, 4403
UNKNOWN = "01a1fd76-0000-7000-8000-000000000000"
MATRIX = [
    # who, panel, what they get
    (None, "own-name", SIGNED_OUT),
    (None, "names", SIGNED_OUT),
    (None, "people", SIGNED_OUT),
    (None, "place:{station}", ALLOWED),
    (None, f"place:{UNKNOWN}", REFUSED),
    (None, "place:harbour", REFUSED),
    (None, "place", REFUSED),
    (None, "nothing", REFUSED),
    ("dara", "own-name", ALLOWED),
    ("dara", "own-name:{station}", REFUSED),
    ("dara", "names", REFUSED),
    ("dara", "people", REFUSED),
    ("dara", "people:{dara}", REFUSED),
    ("dara", "place:{station}", ALLOWED),
    ("vera", "own-name", ALLOWED),
    ("vera", "names", ALLOWED),
    ("vera", "people:{dara}", ALLOWED),
    ("vera", f"people:{UNKNOWN}", REFUSED),
    ("opal", "names", ALLOWED),
    ("olga", "names", ALLOWED),
]
in_thread = database_sync_to_async


@pytest.fixture
def people(dara, vera, opal, olga):
    return {None: None, "dara": dara, "vera": vera, "opal": opal, "olga": olga}


@pytest.fixture
def filled(dara, station):
    return lambda text: text.format(dara=dara.pk, station=station.pk)


@pytest.mark.parametrize(("who", "ref", "answer"), [row for row in MATRIX if row[1] != "people"])
def test_get(who, ref, answer, people, filled):
    browser = browsers.Client()
    if who:
        browser.force_login(people[who])
    response = browser.get(f"/live/panels/{filled(ref)}/")
    assert response.status_code == {ALLOWED: 200, SIGNED_OUT: 302, REFUSED: 404}[answer]
    if answer == SIGNED_OUT:
        assert response.url.startswith("/accounts/login/?next=/live/panels/")
        assert browser.get(f"/live/panels/{filled(ref)}/", headers={"HX-Request": "true"}).status_code == 401
    if answer == ALLOWED:
        assert "no-store" in response["Cache-Control"]


def test_a_list_as_a_whole_is_no_piece_of_a_page(vera):
    browser = browsers.Client()
    browser.force_login(vera)
    assert browser.get("/live/panels/people/").status_code == 404


def test_a_panel_is_only_read(dara):
    browser = browsers.Client()
    browser.force_login(dara)
    assert browser.post("/live/panels/own-name/").status_code == 405


@pytest.mark.asyncio
@pytest.mark.parametrize(("who", "ref", "answer"), MATRIX)
async def test_socket(who, ref, answer, people, filled, watch):
    socket = await watch(filled(ref), people[who]).opened()
    if answer == ALLOWED:
        assert 'data-v="' in await socket.frame()
    else:
        assert await socket.close_code() == answer


@pytest.mark.asyncio
@pytest.mark.parametrize(("who", "ref", "answer"), MATRIX)
async def test_events_as_json(who, ref, answer, people, filled, watch):
    socket = await watch(filled(ref), people[who], query="&format=json").opened()
    if answer == ALLOWED:
        assert await socket.receive_nothing(timeout=0.1)
    else:
        assert await socket.close_code() == answer


@pytest.mark.asyncio
async def test_nobody_hears_all_events(watch):
    assert await (await watch("", query="&format=json").opened()).close_code() == SIGNED_OUT


@pytest.mark.asyncio
@pytest.mark.parametrize("panels", ["own-name,names", "own-name,nothing", ",".join(f"place:{n}" for n in range(21))])
async def test_one_panel_too_many_spoils_the_rest(watch, dara, panels):
    assert await (await watch(panels, dara).opened()).close_code() == REFUSED


@pytest.mark.asyncio
async def test_who_is_not_active_is_signed_out(watch, dara):
    socket = watch("own-name", dara)
    await in_thread(socket.sign_in)()
    await in_thread(Client.objects.filter(pk=dara.pk).update)(is_active=False)
    assert await (await socket.opened()).close_code() == SIGNED_OUT


@pytest.mark.asyncio
async def test_staff_without_a_second_factor_watch_no_operations(watch, opal, settings):
    settings.STAFF_SECOND_FACTOR = True
    assert await (await watch("names", opal).opened()).close_code() == REFUSED
    _token, text = await in_thread(create_token)(client=opal, name="script")
    assert "Opal" in await (await watch("names", token=f"Bearer {text}").opened()).frame()


# -- Tokens and origins -----------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_token_opens_what_its_client_may_see(watch, dara):
    _token, text = await in_thread(create_token)(client=dara, name="script")
    assert "Dara" in await (await watch("own-name", token=f"Bearer {text}").opened()).frame()
    assert await (await watch("names", token=f"bearer {text}").opened()).close_code() == REFUSED


@pytest.mark.asyncio
@pytest.mark.parametrize("token", ["Bearer evb_wrong", "Bearer ", "Bearer", "Basic ZGFyYTpkYXJh", "\xff"])
async def test_a_wrong_token_opens_nothing_even_beside_a_cookie(watch, dara, station, token):
    for panels in ("own-name", f"place:{station.pk}"):
        socket = watch(panels, dara)
        socket.scope["headers"].append((b"authorization", token.encode("latin-1")))
        assert await (await socket.opened()).close_code() == SIGNED_OUT


@pytest.mark.asyncio
@pytest.mark.parametrize("cookie", ["", "nonsense", "a" * 5000, '"', "\xff"])
async def test_a_wrong_cookie_is_nobody(watch, cookie):
    socket = watch("own-name")
    socket.scope["headers"].append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode("latin-1")))
    assert await (await socket.opened()).close_code() == SIGNED_OUT


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("origin", "host", "accepted"),
    [
        ("SITE", "whatever.example", True),
        ("http://testserver", "testserver", True),
        ("https://testserver", "testserver", True),
        ("http://localhost:8000", "localhost:8000", True),
        ("http://localhost:9000", "localhost:8000", False),
        ("http://evil.example", "testserver", False),
        ("http://evil.example", "evil.example", False),
        ("http://testserver.evil.example", "testserver", False),
        ("null", "testserver", False),
        ("", "testserver", False),
        ("http://[", "testserver", False),
    ],
)
async def test_origins(watch, dara, origin, host, accepted):
    socket = watch("own-name", dara, host=host)
    socket.scope["headers"][1] = (b"origin", (settings.SITE_URL if origin == "SITE" else origin).encode())
    await in_thread(socket.sign_in)()
    assert (await socket.connect())[0] is accepted


@pytest.mark.asyncio
async def test_a_program_sends_no_origin(watch, dara):
    socket = watch("own-name", dara)
    del socket.scope["headers"][1]
    assert "Dara" in await (await socket.opened()).frame()


@pytest.mark.asyncio
async def test_there_is_no_other_socket(watch, dara):
    assert await watch("", dara, path="/nowhere/").connect() == (False, 1000)
