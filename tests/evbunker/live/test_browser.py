"""What a person sees: panels that change in place, and an honest word when they cannot."""

import os
import re
import signal

import pytest
from playwright.sync_api import Page, expect

from bookings.models import Client
from evbunker import clock
from tests.browsing import OpenPage
from tests.evbunker.live import watching
from tests.people import make_client
from tests.serving import Site

SOON = 15_000
OUTAGE = (
    "[object Event]",
    "WebSocket",
    "htmx:wsError",
    "ERR_CONNECTION_REFUSED",
    "ERR_CONNECTION_RESET",
    "ERR_EMPTY_RESPONSE",
)


class Watch:
    """A page with two panels and the sockets it opened."""

    def __init__(self, page: Page, path: str = "/watch/") -> None:
        self.page = page
        self.sockets: list[object] = []
        self.frames: list[str] = []
        page.on("websocket", self._opened)
        page.goto(path)
        self.state = page.locator("#live-state")
        self.says = page.locator("#panel-own-name .says")

    def _opened(self, socket: object) -> None:
        self.sockets.append(socket)
        socket.on("framereceived", lambda payload: self.frames.append(payload))

    def expect_state(self, state: str) -> None:
        expect(self.state).to_have_attribute("data-state", state, timeout=SOON)

    def open_sockets(self) -> int:
        return sum(not socket.is_closed() for socket in self.sockets)


@pytest.fixture
def rename(site: Site, open_page: OpenPage):
    """Rename a client by a request to the server, which then publishes."""
    context = open_page().request

    def ask(client: Client, name: str) -> None:
        assert context.get(f"/rename/{client.email}/{name}/").status == 204

    return ask


@pytest.fixture
def watch(open_page: OpenPage, dara: Client) -> Watch:
    watch = Watch(open_page(dara))
    watch.expect_state("live")
    return watch


def mark(page: Page, selector: str) -> None:
    """Recognise the element later: a swap would replace it."""
    page.locator(selector).evaluate("element => { element.marked = true }")


def rest(page: Page, seconds: float) -> None:
    """Let time pass, and the page tell what happened in it."""
    page.wait_for_timeout(seconds * 1000)


def is_marked(page: Page, selector: str) -> bool:
    return page.locator(selector).evaluate("element => element.marked === true")


def test_a_panel_changes_in_place(watch, dara, rename):
    expect(watch.state).to_have_text("Live")
    rename(dara, "Dora")
    expect(watch.says).to_have_text("Dora")
    assert watch.page.url.endswith("/watch/")


def test_what_looks_the_same_is_not_swapped(watch, dara, rename):
    mark(watch.page, "#panel-own-name")
    mark(watch.page, "#panel-other")
    rename(dara, "Dora")
    expect(watch.says).to_have_text("Dora")
    assert not is_marked(watch.page, "#panel-own-name")
    assert is_marked(watch.page, "#panel-other")


def test_the_first_snapshot_swaps_nothing(open_page, dara):
    page = open_page(dara)
    page.add_init_script(
        "addEventListener('htmx:oobBeforeSwap', () => { document.documentElement.dataset.swapped = 1 })"
    )
    watch = Watch(page)
    watch.expect_state("live")
    rest(page, 1)
    assert any("panel-own-name" in str(frame) for frame in watch.frames)
    assert page.locator("html").get_attribute("data-swapped") is None


def test_focus_and_what_is_open_survive_a_swap(watch, dara, rename):
    watch.page.locator("#own-name-more summary").click()
    watch.page.locator("#own-name-link").focus()
    rename(dara, "Dora")
    expect(watch.says).to_have_text("Dora")
    expect(watch.page.locator("#own-name-link")).to_be_focused()
    expect(watch.page.locator("#own-name-more")).to_have_attribute("open", "")
    watch.page.locator("#own-name-more summary").click()
    rename(dara, "Dira")
    expect(watch.says).to_have_text("Dira")
    expect(watch.page.locator("#own-name-summary")).to_be_focused()
    expect(watch.page.locator("#own-name-more")).not_to_have_attribute("open", "")


def test_a_burst_ends_right(watch, dara, rename):
    for number in range(30):
        rename(dara, f"Name{number}")
    expect(watch.says).to_have_text("Name29")


def test_it_heals_after_a_restart(watch, dara, site, rename):
    watch.page.expected_errors = OUTAGE
    site.stop()
    watch.expect_state("offline")
    expect(watch.state).to_contain_text("out of date")
    watching.rename(dara, "Dora")
    site.start()
    watch.expect_state("live")
    expect(watch.says).to_have_text("Dora")
    rename(dara, "Dira")
    expect(watch.says).to_have_text("Dira")
    assert watch.open_sockets() == 1


def test_a_frozen_server_is_noticed_and_heals_with_one_socket(watch, dara, site, rename):
    watch.page.expected_errors = OUTAGE
    os.kill(site.process.pid, signal.SIGSTOP)
    try:
        watch.expect_state("offline")
        rest(watch.page, 6)  # long enough for a second try
    finally:
        os.kill(site.process.pid, signal.SIGCONT)
    watch.expect_state("live")
    rest(watch.page, 5)
    watch.frames.clear()
    rename(dara, "Dora")
    expect(watch.says).to_have_text("Dora")
    rest(watch.page, 1)
    assert len([frame for frame in watch.frames if "Dora" in str(frame)]) == 1
    assert watch.open_sockets() == 1


def test_a_dead_network_is_noticed(open_page, dara):
    """The line is cut without a word: nothing closes."""
    page = open_page(dara)
    page.expected_errors = OUTAGE
    tries = []

    def route(socket: object) -> None:
        tries.append(socket)
        if len(tries) == 1:
            socket.send(" ")

    page.route_web_socket(re.compile("/live/"), route)
    watch = Watch(page)
    watch.expect_state("live")
    watch.expect_state("offline")


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011, 1012])
def test_whatever_closes_the_line_it_comes_back(open_page, dara, code):
    page = open_page(dara)
    page.expected_errors = OUTAGE
    tries = []

    def route(socket):
        tries.append(socket)
        if len(tries) > 1:
            socket.connect_to_server()
        else:
            socket.send(" ")
            page.wait_for_timeout(0)
            socket.close(code=code)

    page.route_web_socket(re.compile("/live/"), route)
    watch = Watch(page)
    watch.expect_state("live")
    assert len(tries) == 2


def test_signing_out_elsewhere_ends_it_and_says_so(watch, dara):
    other = watch.page.context.new_page()
    other.goto("/accounts/logout/")
    other.locator("main form button[type=submit]").click()
    watch.expect_state("ended")
    expect(watch.state).to_have_text("You are signed out. Reload to sign in.")
    opened = len(watch.sockets)
    rest(watch.page, 3)
    assert len(watch.sockets) == opened


@pytest.fixture
def opal(opal: Client) -> Client:
    """Whom no visit changes, as noting it would: she was seen just now."""
    opal.last_seen_at = clock.now()
    opal.save()
    return opal


def test_losing_the_role_ends_it_and_says_so(open_page, opal):
    watch = Watch(open_page(opal), "/people/")
    watch.expect_state("live")
    opal.groups.clear()
    watch.expect_state("ended")
    expect(watch.state).to_have_text("You may no longer watch this page.")


# -- Lists ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def requests(open_page, opal):
    """A window of Opal's, and the addresses it fetched."""
    page = open_page(opal)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if request.resource_type == "fetch" else None)
    page.on("request", lambda request: fetched.append(request.url) if request.resource_type == "xhr" else None)
    return page, fetched


def test_a_row_changes_in_place(requests, dara, eli, rename):
    page, fetched = requests
    Watch(page, "/people/").expect_state("live")
    row, other = f"#row-client-{dara.pk}", f"#row-client-{eli.pk}"
    mark(page, other)
    rename(dara, "Dora")
    expect(page.locator(row)).to_have_text("Dora")
    rest(page, 1)
    assert is_marked(page, other)
    assert fetched == []


def test_a_row_that_is_not_there_makes_the_list_fetch_itself(requests, dara, rename):
    page, fetched = requests
    Watch(page, "/people/").expect_state("live")
    fay = make_client("fay")
    rename(fay, "Fey")
    expect(page.locator(f"#row-client-{fay.pk}")).to_have_text("Fey")
    assert len(fetched) == 1


def test_a_filtered_list_fetches_its_own_address(requests, dara, eli, rename):
    page, fetched = requests
    Watch(page, "/people/?begins=D").expect_state("live")
    expect(page.locator("tr")).to_have_count(1)
    rename(dara, "Fara")
    expect(page.locator("tr")).to_have_count(0)
    rename(eli, "Deli")
    expect(page.locator("tr")).to_have_text("Deli")
    assert all(url.endswith("/people/?begins=D") for url in fetched)


def test_a_list_is_right_after_an_outage(requests, dara, site):
    page, _fetched = requests
    page.expected_errors = OUTAGE
    watch = Watch(page, "/people/")
    watch.expect_state("live")
    site.stop()
    watching.rename(dara, "Dora")
    site.start()
    watch.expect_state("live")
    expect(page.locator(f"#row-client-{dara.pk}")).to_have_text("Dora")
