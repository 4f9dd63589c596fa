"""The frame, the error pages, the design system's promises, and signing in without any inline code."""

import gzip
import re
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import DatabaseError, OperationalError
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import path, reverse
from playwright.sync_api import expect
from pymongo.errors import ServerSelectionTimeoutError

from evbunker import views
from evbunker.errors import Busy
from evbunker.urls import handler400, handler500, urlpatterns
from tests.people import PASSWORD

ROOT = Path(settings.BASE_DIR)
CSS = {file.name: file.read_text() for file in sorted((ROOT / "static/css").glob("*.css"))}
TEMPLATES = {str(file.relative_to(ROOT)): file.read_text() for file in (ROOT / "templates").rglob("*.html")}
SPRITE = (ROOT / "static/img/icons.svg").read_text()
SYMBOLS = set(re.findall(r'<symbol id="([a-z-]+)"', SPRITE))


def busy(request):
    raise Busy


def broken(request):
    raise DatabaseError("not now") from broken.error


broken.error = RuntimeError("broken")
urlpatterns = [
    *urlpatterns,
    path("styleguide/", views.styleguide),
    path("busy/", busy),
    path("broken/", broken),
    path("api/broken/", broken),
]
these_urls = pytest.mark.urls(__name__)
__all__ = ["handler400", "handler500", "urlpatterns"]


# -- Colours ----------------------------------------------------------------------------------------------------------
def colours() -> dict[str, tuple[str, str]]:
    """Each role's light and dark colour."""
    found = re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", CSS["tokens.css"])
    return {name: (light, dark) for name, light, dark in found}


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


TONES = ["energy", "wait", "trouble"]
GROUNDS = ["ground", "surface", "raised", "sunken", "hover"]
TEXTS = [
    *[(text, ground) for text in ("text", "muted", "faint") for ground in GROUNDS],
    *[(f"{tone}-text", ground) for tone in TONES for ground in [*GROUNDS, f"{tone}-tint"]],
    *[(text, f"{tone}-tint") for text in ("text", "muted") for tone in TONES],
    *[(f"on-{tone}", tone + strength) for tone in ("energy", "trouble") for strength in ("", "-strong")],
]
SHAPES = [(shape, ground) for shape in ("line-strong", "energy", "wait", "trouble", "focus") for ground in GROUNDS[:3]]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXTS, 4.5), (SHAPES, 3.0)], ids=["text", "shapes"])
def test_colours_can_be_told_apart(pairs, least, theme):
    roles = colours()
    weak = {
        f"{front} on {back}": round(ratio, 2)
        for front, back in pairs
        if (ratio := contrast(roles[front][theme], roles[back][theme])) < least
    }
    assert weak == {}


def test_colours_have_numbers_only_in_the_tokens():
    elsewhere = {name: found for name, text in CSS.items() if name != "tokens.css" and (found := literal_colours(text))}
    assert elsewhere == {}


def literal_colours(css: str) -> list[str]:
    """Literal colours but what must be white on paper or for a scanner, and what masks."""
    return [found for found in re.findall(r"#[0-9a-f]{3,8}\b", css) if found not in {"#fff", "#000"}]


# -- Weight -----------------------------------------------------------------------------------------------------------
def weight(paths: list[str]) -> int:
    return sum(len(gzip.compress(Path(str(finders.find(path))).read_bytes())) for path in paths)


def test_the_styles_of_a_page_weigh_at_most_30_kb(client):
    sheets = re.findall(r'rel="stylesheet" href="/static/([^"]+)"', client.get("/accounts/login/").content.decode())
    own = max(weight([f"css/{name}"]) for name in CSS)
    assert len(sheets) > 10
    assert weight(sheets) + own < 30_000


def test_the_scripts_of_the_frame_weigh_at_most_60_kb(client):
    scripts = re.findall(r'<script[^>]* src="/static/([^"]+)"', client.get("/accounts/login/").content.decode())
    assert weight([script for script in scripts if finders.find(script)]) < 60_000


# -- Templates --------------------------------------------------------------------------------------------------------
def test_every_icon_that_a_template_asks_for_is_drawn():
    asked = {
        name
        for text in TEMPLATES.values()
        for name in re.findall(r'(?:\{% icon |icon_name=|action_icon=)"([a-z-]+)"', text)
    }
    assert asked - SYMBOLS == set()


# -- Pages ------------------------------------------------------------------------------------------------------------
@these_urls
def test_the_styleguide_shows_every_component(client):
    html = client.get("/styleguide/").content.decode()
    assert all(f"icons.svg#{name}" in html for name in SYMBOLS)
    assert 'data-theme="light"' in html
    assert 'data-theme="dark"' in html


def test_the_styleguide_is_for_developers_only(client):
    assert not settings.DEBUG
    assert client.get("/styleguide/").status_code == 404


def test_a_missing_page_says_so_in_our_own_words(client):
    response = client.get("/no/such/page/")
    assert response.status_code == 404
    assert "This page does not exist" in response.content.decode()


def test_a_driver_finds_the_way_around(client, dara):
    client.force_login(dara)
    html = client.get("/no/such/page/").content.decode()
    for link in ("/", "/bookings/", "/dashboard/", "/payments/", "/profile/"):
        assert f'class="nav-link" href="{link}"' in html
    assert "/operations/overview/" not in html
    assert f'<form method="post" action="{reverse("account_logout")}">' in html


def test_staff_find_operations(client, vera):
    client.force_login(vera)
    assert 'href="/operations/overview/"' in client.get("/no/such/page/").content.decode()


def test_a_visitor_is_offered_to_sign_in(client):
    html = client.get("/no/such/page/").content.decode()
    assert 'class="nav-link" href="/accounts/login/"' in html
    assert "/dashboard/" not in html


def test_the_demonstration_says_that_it_is_one(client, settings):
    settings.SANDBOX_ALLOWED, settings.PAYMENT_GATEWAYS = True, ["sandbox"]
    assert "payments are made up" in client.get("/no/such/page/").content.decode()
    settings.PAYMENT_GATEWAYS = ["stripe"]
    assert "payments are made up" not in client.get("/no/such/page/").content.decode()


@these_urls
def test_a_refusal_is_a_page_that_says_when_to_try_again(client):
    response = client.get("/busy/")
    assert response.status_code == 503
    assert response["Retry-After"] == "2"
    assert "You can try again in 2 seconds." in response.content.decode()


@these_urls
def test_a_broken_page_asks_nothing_of_the_database(client, django_assert_num_queries):
    client.raise_request_exception = False
    with django_assert_num_queries(0):
        response = client.get("/broken/")
    assert response.status_code == 500
    assert response["X-Request-ID"] in response.content.decode()


@these_urls
@pytest.mark.parametrize("error", [ServerSelectionTimeoutError("nobody"), OperationalError("database is locked")])
def test_a_database_that_does_not_answer_is_busy_and_not_broken(client, error, django_assert_num_queries):
    client.raise_request_exception = False
    broken.error = error
    try:
        with django_assert_num_queries(0):
            response = client.get("/broken/")
            problem = client.get("/api/broken/")
    finally:
        broken.error = RuntimeError("broken")
    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert "does not answer at this moment" in response.content.decode()
    assert (problem.status_code, problem["Retry-After"], problem.json()["code"]) == (503, "2", "unavailable")


def test_a_bad_request_needs_no_session():
    response = views.bad_request(RequestFactory().get("/"), ValueError())
    assert response.status_code == 400
    assert b"made no sense" in response.content


def test_a_form_without_its_token_is_told_what_to_do():
    from django.test import Client

    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "x", "password": "y"})
    assert response.status_code == 403
    assert "too old to be trusted" in response.content.decode()


def test_the_policy_of_every_page_forbids_inline_code(client):
    policy = client.get("/accounts/login/")["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


# -- Accounts ---------------------------------------------------------------------------------------------------------
ENTRANCES = ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/password/reset/done/"]
ROOMS = ["/accounts/email/", "/accounts/password/change/", "/accounts/2fa/", "/accounts/2fa/webauthn/"]


@pytest.mark.parametrize("url", ENTRANCES)
def test_the_way_in_is_in_our_frame(client, url):
    html = client.get(url).content.decode()
    assert 'class="site-header"' in html
    assert html.count("<h1") == 1


@pytest.mark.parametrize("url", ROOMS)
def test_looking_after_an_account_is_in_our_frame(client, dara, url):
    client.force_login(dara)
    html = client.get(url).content.decode()
    assert 'class="breadcrumbs"' in html
    assert html.count("<h1") == 1


@pytest.mark.parametrize("url", ROOMS)
def test_a_stranger_is_asked_to_sign_in_first(client, url):
    assert client.get(url).status_code == 302


def test_a_mistake_in_a_form_is_tied_to_its_field(client):
    html = client.post("/accounts/signup/", {"email": "no address", "password1": "short"}).content.decode()
    assert re.search(r'<input[^>]*name="email"[^>]*aria-invalid="true"', html)
    assert re.search(r'<input[^>]*name="email"[^>]*aria-describedby="id_email_error"', html)
    assert 'id="id_email_error"' in html


def test_signing_in_and_out_needs_no_script(client, dara):
    response = client.post("/accounts/login/", {"login": dara.email, "password": PASSWORD})
    assert response.status_code == 302
    assert client.post("/accounts/logout/", follow=True).context["user"].is_anonymous


def test_a_reset_is_mailed_in_our_words(client, dara, mailoutbox):
    client.post("/accounts/password/reset/", {"email": dara.email})
    assert mailoutbox[0].subject.endswith("Choose a new password")
    assert mailoutbox[0].body.startswith("Open this link to choose a new password:")


def test_mail_texts_are_not_escaped_for_html():
    body = render_to_string("account/email/email_changed_message.txt", {"to_email": "a&b@example.org"})
    assert "a&b@example.org" in body


# -- In a browser -----------------------------------------------------------------------------------------------------
def test_a_chosen_theme_is_remembered_and_never_flashes(open_page):
    page = open_page(color_scheme="light")
    page.goto("/accounts/login/")
    toggle = page.get_by_role("button", name="Dark theme")
    expect(toggle).to_have_attribute("aria-pressed", "false")
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    page.goto("/accounts/signup/", wait_until="commit")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Dark theme").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", re.compile("."))


def test_a_password_can_be_looked_at(page):
    page.goto("/accounts/login/")
    secret = page.get_by_label("Password")
    secret.fill("a long enough secret")
    page.get_by_role("button", name="Show").click()
    expect(secret).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide").click()
    expect(secret).to_have_attribute("type", "password")


def test_the_account_menu_closes_like_a_menu(open_page, dara):
    page = open_page(dara)
    page.goto("/accounts/2fa/")
    page.get_by_label("Account").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()


def test_signing_in_and_out_works_on_a_phone_without_script(open_page, dara):
    page = open_page(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page.goto("/accounts/login/?next=/accounts/2fa/")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    page.get_by_label("E-mail address").fill(dara.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Account").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/accounts/2fa/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("width", [320, 390, 768, 840, 1024, 1440])
def test_no_width_makes_a_page_scroll_sideways(open_page, vera, width):
    vera.email = f"{'very-long-name-' * 4}@example.org"
    vera.name = ""
    vera.save()
    page = open_page(vera, viewport={"width": width, "height": 800})
    for url in ("/accounts/2fa/", "/accounts/email/", "/accounts/password/change/"):
        page.goto(url)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_driver_signs_in_with_a_passkey(open_page, dara):
    EmailAddress.objects.create(user=dara, email=dara.email, verified=True, primary=True)
    page = open_page(dara)
    give_it_an_authenticator(page)
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Sign in with it alone").check()
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.context.clear_cookies()
    page.goto("/accounts/login/?next=/accounts/2fa/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("You have 1 passkey.")).to_be_visible()


def give_it_an_authenticator(page):
    """A virtual security key that says yes at once."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
