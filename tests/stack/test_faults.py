"""Whatever breaks beneath them, open pages show the right figures again within 40 s, without a reload."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pymongo
import pymongo.errors
import pytest
import requests
from playwright.sync_api import Page, expect

from deploy.engines import leads
from deploy.stack import Stack
from tests import engines
from tests.browsing import OpenPage
from tests.stack.paying import Driver
from tests.stack.watching import Watcher, text_of

pytestmark = [pytest.mark.engines]
HEALED_SECONDS = 40
ANSWERS_WITHIN_SECONDS = 15.0
"""A slow Redis costs a process a time-out of 2 s before it asks the database instead; the rest is a busy machine's."""
OUTAGE = ("WebSocket", "[object Event]", "htmx:wsError", "ERR_", "502", "503")


class Site:
    """Everybody who looks at the stack, and who pays there."""

    def __init__(self, stack: Stack, scene: SimpleNamespace, driver: Driver, watchers: list[Watcher]) -> None:
        self.stack, self.scene, self.driver, self.watchers = stack, scene, driver, watchers
        self.pages: dict[str, Page] = {}

    def open(self, open_page: OpenPage) -> None:
        """Dara's dashboard and Opal's overview in a browser."""
        for name, path in (("dara", "/dashboard/"), ("opal", "/operations/overview/")):
            page = open_page()
            page.expected_errors = OUTAGE
            page.context.add_cookies([self.scene.people[name]["cookie"]])
            page.goto(path)
            self.pages[name] = page
        self.expect_right()

    def expect_state(self, state: str, *, seconds: float = HEALED_SECONDS) -> None:
        for page in self.pages.values():
            expect(page.locator("#live-state")).to_have_attribute("data-state", state, timeout=seconds * 1000)

    def expect_right(self) -> None:
        """Every open page is right HEALED_SECONDS from now at the latest, and so is the database."""
        deadline = time.monotonic() + HEALED_SECONDS
        right = {"impact": self.driver.energy_text, "overview-cards": self.driver.revenue_text}

        def left() -> float:
            return max(0.1, deadline - time.monotonic())

        for page, (panel, text) in zip(self.pages.values(), right.items(), strict=True):
            expect(page.locator(f"#panel-{panel}")).to_contain_text(text, timeout=left() * 1000)
        for watcher in self.watchers:
            watcher.expect(watcher.first_panel, right[watcher.first_panel], seconds=left())
        self.expect_state("live", seconds=left())
        self.stack.manage("check_integrity")

    def expect_on_page(self, text: str) -> None:
        """Dara's dashboard, loaded anew, shows it as soon as the payment is known."""
        failure = f"no {text!r} on the dashboard"
        engines.wait_until(lambda: text in text_of(self.ask().text), failure, seconds=HEALED_SECONDS)

    def ask(self, path: str = "/dashboard/") -> requests.Response:
        """A page, as Dara; it must not take long."""
        cookie = self.scene.people["dara"]["cookie"]
        return requests.get(
            self.stack.url + path, cookies={cookie["name"]: cookie["value"]}, timeout=ANSWERS_WITHIN_SECONDS
        )


@pytest.fixture
def everybody(
    stack: Stack, scene: SimpleNamespace, dara_pays: Driver, watchers: list[Watcher], open_page: OpenPage
) -> Iterator[Site]:
    everybody = Site(stack, scene, dara_pays, watchers)
    everybody.open(open_page)
    yield everybody
    stack.revive()  # what a test that failed left dead


@contextlib.contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Processes that are there and do nothing."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def pid_of(stack: Stack, name: str) -> int:
    process = stack.parts[name].process
    assert process is not None
    return process.pid


def children_of(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return [int(child) for child in children.read().split()]


def lines_with(stack: Stack, name: str, text: str) -> int:
    return stack.parts[name].log.read_text().count(text)


def rest(seconds: float, page: Page) -> None:
    """Let time pass, and browsers tell what happened in it."""
    page.wait_for_timeout(seconds * 1000)


def test_what_dies_is_started_again_and_everything_is_right(everybody: Site) -> None:
    """Redis and the proxy restarted, the scheduler and the relay killed, a worker killed under its requests."""
    stack = everybody.stack
    answers: list[int] = []
    stop = threading.Event()

    def keep_asking() -> None:
        while not stop.is_set():
            with contextlib.suppress(requests.exceptions.ConnectionError):  # the proxy is away for a moment
                answers.append(everybody.ask().status_code)

    asking = [threading.Thread(target=keep_asking) for _ in range(3)]
    for thread in asking:
        thread.start()
    for worker in children_of(pid_of(stack, "web"))[:1]:
        os.kill(worker, signal.SIGKILL)
    dying = [name for name in ("redis", "scheduler", "relay") if name in stack.parts]
    for name in dying:
        stack.parts[name].kill()
    stack.parts["nginx"].restart()
    everybody.driver.book_and_pay()
    said = stack.revive()
    stop.set()
    for thread in asking:
        thread.join()

    assert [sentence.split()[0] for sentence in said] == dying
    assert set(answers) <= {200, 503}
    assert answers[-1] == 200
    everybody.driver.book_and_pay()
    everybody.expect_right()


def test_without_redis_pages_work_and_say_that_they_are_offline(everybody: Site) -> None:
    stack = everybody.stack
    page = everybody.pages["dara"]
    before = {name: lines_with(stack, name, "cannot be reached") for name in ("web", "live-1", "live-2")}
    stack.parts["redis"].kill()
    began = time.monotonic()
    assert everybody.ask().status_code == 200
    everybody.driver.book_and_pay()
    everybody.expect_on_page(everybody.driver.energy_text)
    everybody.expect_state("offline", seconds=10)
    rest(max(0, 10 - (time.monotonic() - began)), page)
    stack.parts["redis"].start()
    stack.parts["redis"].wait()
    everybody.driver.book_and_pay()
    everybody.expect_right()
    said = {name: lines_with(stack, name, "cannot be reached") - count for name, count in before.items()}
    assert all(count <= 2 for count in said.values()), said  # once a process; web has two


def test_a_frozen_process_a_slow_redis_and_a_new_primary_lose_nothing(everybody: Site) -> None:
    """One live process stands still for 20 s; meanwhile Redis does for 5 s and the primary steps down for 5 s."""
    stack = everybody.stack
    assert holds_sockets(stack, "live-1")
    with frozen(pid_of(stack, "live-1")):
        began = time.monotonic()
        with frozen(pid_of(stack, "redis")):
            rest(0.5, everybody.pages["dara"])
            assert everybody.ask().status_code == 200
            assert everybody.ask("/").status_code == 200
            rest(max(0, 5 - (time.monotonic() - began)), everybody.pages["dara"])
        step_down(stack, seconds=5)
        everybody.driver.book_and_pay()
        assert leads(stack.ports["mongod"])
        rest(max(0, 20 - (time.monotonic() - began)), everybody.pages["dara"])
    everybody.expect_right()


def holds_sockets(stack: Stack, process: str) -> bool:
    log = (stack.folder / f"{process}.access.log").read_text()
    return log.count("WSCONNECT ") > log.count("WSDISCONNECT ")


def step_down(stack: Stack, *, seconds: int) -> None:
    """The only node gives up leading, and may lead again after `seconds`."""
    with pymongo.MongoClient("127.0.0.1", stack.ports["mongod"], directConnection=True) as server:
        with contextlib.suppress(pymongo.errors.AutoReconnect):
            server.admin.command("replSetStepDown", seconds, force=True)
        assert not server.admin.command("hello")["isWritablePrimary"]


def test_a_browser_that_was_offline_is_right_when_it_is_back(everybody: Site) -> None:
    for page in everybody.pages.values():
        page.context.set_offline(True)
    everybody.expect_state("offline", seconds=2)
    everybody.driver.book_and_pay()
    for page in everybody.pages.values():
        rest(1, page)
        page.context.set_offline(False)
    everybody.expect_right()
