"""The API's documentation: served from here, under the site's own Content-Security-Policy."""

import re
from typing import Any

from django.test import Client as Browser
from playwright.sync_api import Request, expect

from bookings.models import Client
from tests.browsing import OpenPage


def test_its_page_needs_no_inline_script_and_no_other_host(client: Browser) -> None:
    page = client.get("/api/v1/docs")
    html = page.content.decode()
    assert "unsafe" not in page["Content-Security-Policy"]
    assert re.findall(r"<script(?![^>]*\b(?:src=|application/json))", html) == []
    assert re.findall(r'(?:src|href)="(?!/static/)[^"]*"', html) == []
    assert '"validatorUrl": null' in html


def test_its_files_are_here(client: Browser) -> None:
    for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', client.get("/api/v1/docs").content.decode()):
        assert client.get(path).status_code == 200, path


def test_one_can_try_a_call_in_a_browser(open_page: OpenPage, dara: Client) -> None:
    page: Any = open_page(dara)
    elsewhere: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith(("http://localhost", "data:")):
            elsewhere.append(request.url)

    page.on("request", note)
    page.goto("/api/v1/docs")
    page.get_by_text("Find stations", exact=True).click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table tbody .response-col_status").first).to_have_text(re.compile("200"))
    assert elsewhere == []
