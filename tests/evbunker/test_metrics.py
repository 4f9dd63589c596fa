"""What Prometheus is told, by whom it may be asked, and how processes add up."""

import datetime as dt
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client as Browser
from prometheus_client.parser import text_string_to_metric_families

from adminpanel.beating import beat
from bookings.models import Client, Evse
from bookings.refusals import SlotTaken
from evbunker import clock, metrics, scraping
from evbunker.db import RunAgain, atomic
from evbunker.db.units import TRIES
from evbunker.errors import Busy
from evbunker.live import cached
from evbunker.live.events import OPERATORS
from payments.models import GatewayCommand, Payment
from payments.outbox import work_outbox
from tests.booking_steps import held, paid, pending
from tests.plans import no_scans

TOKEN = "a-token-for-prometheus"
Labels = dict[str, str]


@pytest.fixture(autouse=True)
def _fresh_readings(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(scraping, "KEPT_SECONDS", 0.0)
    scraping.readings.good_until = 0.0


def scrape() -> str:
    answer = Browser(headers={"authorization": f"Bearer {TOKEN}"}).get("/metrics")
    assert answer.status_code == 200
    return answer.content.decode()


def value(name: str, **labels: str) -> float | None:
    """A sample as Prometheus reads it; None if there is none."""
    for family in text_string_to_metric_families(scrape()):
        for sample in family.samples:
            if (sample.name, sample.labels) == (name, labels):
                return sample.value
    return None


class Counting:
    """How much a sample rises from here on."""

    def __init__(self, name: str, **labels: str) -> None:
        self.name, self.labels = name, labels
        self.before = value(name, **labels) or 0

    def risen(self) -> float:
        return (value(self.name, **self.labels) or 0) - self.before


def test_without_a_token_of_the_sites_there_is_nothing(client: Browser, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    for headers in ({}, {"authorization": "Bearer "}, {"authorization": f"Bearer {TOKEN}"}):
        assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer wrong", TOKEN, f"Basic {TOKEN}", "Bearer ü"])
def test_a_wrong_token_is_refused(client: Browser, given: str) -> None:
    answer = client.get("/metrics", headers={"authorization": given})
    assert (answer.status_code, answer["WWW-Authenticate"], answer.content) == (401, "Bearer", b"")


def test_a_scraper_inside_the_network_needs_no_https(client: Browser, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/").status_code == 301
    answer = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "no-store" in answer["Cache-Control"]
    assert client.post("/metrics").status_code == 405


def test_requests_are_counted_by_the_pattern_of_their_address(client: Browser) -> None:
    route = "/stations/<uuid:station_id>/"
    requests = Counting("evbunker_requests_total", method="GET", route=route, status="404")
    timed = Counting("evbunker_request_seconds_count", method="GET", route=route)
    for number in range(3):
        client.get(f"/stations/00000000-0000-0000-0000-00000000000{number}/")
    assert requests.risen() == timed.risen() == 3
    assert "00000000-0000" not in scrape()


def test_what_strangers_make_up_makes_no_new_label(client: Browser) -> None:
    client.get("/a/path/nobody/has/")
    client.generic("BREW", "/")
    client.get("/static/img/nothing.svg")
    text = scrape()
    assert "nobody" not in text
    assert "BREW" not in text
    assert value("evbunker_requests_total", method="GET", route="unmatched", status="404")
    assert value("evbunker_requests_total", method="other", route="/", status="405")
    assert value("evbunker_requests_total", method="GET", route="static", status="404")


def test_checks_say_how_they_stand(client: Browser) -> None:
    assert value("evbunker_check_ok", check="scheduler") == 0
    assert value("evbunker_check_ok", check="last_webhook") == 1


def test_a_reading_that_fails_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> dict[Any, Any]:
        raise ConnectionError

    monkeypatch.setattr(scraping, "_reads", [broken, *scraping._reads])
    assert value("evbunker_check_ok", check="last_webhook") == 1


def test_readings_are_kept_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def read() -> dict[Any, Any]:
        asked.append(1)
        return {metrics.OUTBOX_WAITING: 7}

    monkeypatch.setattr(scraping, "KEPT_SECONDS", 60.0)
    monkeypatch.setattr(scraping, "_reads", [read])
    assert [value("evbunker_outbox_waiting"), value("evbunker_outbox_waiting")] == [7, 7]
    assert asked == [1]


def test_a_booking_counts_as_it_goes(dara: Client, eli: Client, evse: Evse) -> None:
    holds, confirmations = Counting("evbunker_holds_total"), Counting("evbunker_confirmations_total")
    captured = Counting("evbunker_payments_total", outcome="captured")
    taken = Counting("evbunker_refusals_total", code="slot_taken")
    paid(dara, evse)
    with pytest.raises(SlotTaken):
        held(eli, evse)
    assert [one.risen() for one in (holds, confirmations, captured, taken)] == [1, 1, 1, 1]


def test_what_waits_for_a_gateway_or_a_person_is_read(dara: Client, evse: Evse) -> None:
    payment = pending(held(dara, evse))
    payment.commands.update(state=GatewayCommand.State.DONE)
    for state, key in (("waiting", "1"), ("waiting", "2"), ("given_up", "3")):
        GatewayCommand.objects.create(
            payment=payment, kind="cancel", idempotency_key=key, state=state, next_at=clock.now()
        )
    Payment.objects.filter(pk=payment.pk).update(status=Payment.Status.REVIEW)
    with clock.shifted(dt.timedelta(seconds=90)), no_scans():
        found = [value(f"evbunker_{name}") for name in ("outbox_waiting", "outbox_given_up", "payments_in_review")]
        oldest = value("evbunker_outbox_oldest_seconds")
    assert found == [2, 1, 1]
    assert oldest is not None
    assert 90 <= oldest <= 95


def test_what_is_asked_for_long_before_its_time_waits_for_nobody_yet(dara: Client, evse: Evse) -> None:
    paid(dara, evse)
    work_outbox()
    with clock.shifted(dt.timedelta(minutes=20)):
        assert value("evbunker_outbox_waiting") == 0
    with clock.shifted(dt.timedelta(hours=3)):  # nobody came, and nobody closed the booking yet
        assert value("evbunker_outbox_waiting") == 1
        assert 0 < value("evbunker_outbox_oldest_seconds") < 3600


def test_the_age_of_the_scheduler_s_beat_is_read() -> None:
    beat()
    with clock.shifted(dt.timedelta(seconds=30)):
        age = value("evbunker_check_age_seconds", check="scheduler")
    assert age is not None
    assert 30 <= age <= 35


def test_what_was_not_written_is_not_counted(dara: Client, evse: Evse) -> None:
    holds = Counting("evbunker_holds_total")

    @atomic
    def changes_its_mind() -> None:
        held(dara, evse)
        raise LookupError

    with pytest.raises(LookupError):
        changes_its_mind()
    assert holds.risen() == 0


def test_retries_and_what_was_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    retries = Counting("evbunker_unit_retries_total")
    busy = Counting("evbunker_refusals_total", code="busy")

    @atomic
    def loses_every_race() -> None:
        raise RunAgain

    with pytest.raises(Busy):
        loses_every_race()
    assert (retries.risen(), busy.risen()) == (TRIES - 1, 1)


def test_cached_figures_are_read_computed_and_waited_for() -> None:
    hits = Counting("evbunker_cache_reads_total", result="hit")
    misses = Counting("evbunker_cache_reads_total", result="miss")
    waits = Counting("evbunker_cache_waits_total")
    computing, go_on = threading.Event(), threading.Event()

    def compute() -> int:
        computing.set()
        assert go_on.wait(5)
        return 7

    def ask() -> int:
        return cached("seven", group=OPERATORS, stale_on=["payment_update"], ttl=60, compute=compute)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask)
        assert computing.wait(5)
        second = pool.submit(ask)
        while not waits.risen():
            time.sleep(0.05)
        go_on.set()
        assert [first.result(), second.result(), ask()] == [7, 7, 7]
    assert (hits.risen(), misses.risen(), waits.risen()) == (1, 2, 1)


NAMED = re.compile(r"\bevbunker_[a-z_]+\b")
SERIES = re.compile(r"_(bucket|sum|count)$")
ROOT = Path(__file__).resolve().parents[2]


def known() -> set[str]:
    """Every metric by the name that people use."""
    counted = {
        f"{family.name}_total" if family.type == "counter" else family.name for family in metrics.registry.collect()
    }
    return counted | {reading.name for reading in metrics.READINGS}


def test_every_metric_is_documented_and_nothing_else() -> None:
    table = re.findall(r"^\| `(evbunker_\w+)` \|", (ROOT / "docs/operating.md").read_text(), re.MULTILINE)
    assert sorted(table) == sorted(known())
    named = {SERIES.sub("", name) for name in NAMED.findall((ROOT / "docs/operating.md").read_text())}
    assert named <= known()


def test_alerts_are_rules_about_metrics_that_exist_and_say_what_to_do() -> None:
    (group,) = yaml.safe_load((ROOT / "deploy/alerts.yml").read_text())["groups"]
    documented = re.findall(r"^\| `([A-Z]\w+)` \|", (ROOT / "docs/operating.md").read_text(), re.MULTILINE)
    assert [rule["alert"] for rule in group["rules"]] == documented
    for rule in group["rules"]:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert set(rule) >= {"alert", "expr", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["expr"].count("(") == rule["expr"].count(")")
        named = {SERIES.sub("", name) for name in NAMED.findall(rule["expr"])}
        assert named <= known(), rule["alert"]
        assert named or rule["expr"].startswith("up{"), rule["alert"]
