"""Real Chromium: the system's own (`CHROMIUM` names another), because Playwright's does not come by pip."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client as TestClient
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from bookings.models import Client
from tests.serving import Site

OpenPage = Callable[..., Page]


def chromium() -> str | None:
    """The browser to drive, or None."""
    names = (os.environ.get("CHROMIUM", ""), "/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    path = chromium()
    if path is None:
        say = pytest.fail if os.environ.get("EVBUNKER_REQUIRE_BROWSER") == "1" else pytest.skip
        say("Chromium is not installed (Debian package chromium), and CHROMIUM names no other browser.")
    flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    return browser_type_launch_args | {"executable_path": path, "args": flags}


@pytest.fixture
def open_page(site: Site, browser: Browser, browser_context_args: dict[str, object]) -> Iterator[OpenPage]:
    """`open_page(client=None, **options)`: a page in a window of its own, signed in as `client`.

    Options are Playwright's for a context (`viewport`, `java_script_enabled`, …). Errors in the console and exceptions
    fail the test when it ends; a page whose `expected_errors` are set to a tuple of texts may log errors with them.
    """
    contexts: list[BrowserContext] = []
    errors: list[tuple[Page, str]] = []

    def open_one(client: Client | None = None, **options: object) -> Page:
        context = browser.new_context(**(browser_context_args | {"base_url": site.url} | options))
        contexts.append(context)
        if client is not None:
            context.add_cookies([session_cookie(client)])
        page = context.new_page()
        page.expected_errors = ()
        page.on("console", lambda message: errors.extend([(page, describe(message))] * (message.type == "error")))
        page.on("pageerror", lambda error: errors.append((page, str(error))))
        return page

    yield open_one
    for context in contexts:
        context.close()
    unexpected = [text for page, text in errors if not any(known in text for known in page.expected_errors)]
    assert unexpected == [], "The console shows errors."


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A page of somebody who is not signed in."""
    return open_page()


def session_cookie(client: Client) -> dict[str, str]:
    """The cookie of a session in which `client` is signed in."""
    visitor = TestClient()
    visitor.force_login(client)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": visitor.cookies[name].value, "url": settings.SITE_URL}


def describe(message: ConsoleMessage) -> str:
    return f"{message.text} ({message.location.get('url', '')})"
