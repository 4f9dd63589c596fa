"""Made-up drivers who book, pay and charge through the JSON API, as real ones would."""

import datetime as dt
import logging
import random
from dataclasses import dataclass, field
from typing import Any

import requests

from evbunker import clock

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 15
UNPLUGGED_EARLY = 0.05


class Refused(Exception):
    """The API said no; its code."""


@dataclass
class Driver:
    """One client of the API, by token."""

    site_url: str
    token: str
    web: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """The JSON answer; raises Refused with the problem's code, or a requests error when nobody answers."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.site_url}/api/v1{path}"
        answer = self.web.request(method, url, headers=headers, timeout=TIMEOUT_SECONDS, **arguments)
        if not answer.ok:
            raise Refused(answer.json().get("code", str(answer.status_code)))
        return answer.json()


def book_and_pay(driver: Driver, rng: random.Random) -> str:
    """Find a free EVSE somewhere, book it soon, and pay; what happened, in a line."""
    minutes = rng.choice((15, 30, 45, 60))
    stations = driver.call("GET", "/stations", params={"minutes": minutes})["items"]
    free = [station for station in stations if station["bookable"] and station["free_evses"]]
    if not free:
        return "found nothing free"
    station = driver.call("GET", f"/stations/{rng.choice(free)['id']}")
    evse = rng.choice(station["evses"])
    booking = driver.call("POST", "/bookings", json=_wish(rng, evse, minutes))
    payment = driver.call("POST", f"/bookings/{booking['id']}/payments", json={"gateway": "sandbox"})
    outcome = rng.choice(("pay",) * 9 + ("fail",))
    driver.web.post(payment["pay_url"], data={"outcome": outcome}, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    return f"{outcome}: {station['name']}, {evse['label']}, {minutes} min"


def _wish(rng: random.Random, evse: dict[str, Any], minutes: int) -> dict[str, Any]:
    now = clock.now()
    slot = -(-int(now.timestamp()) // 900) + rng.choice((0, 0, 0, 1, 2, 8))
    most = evse["max_power_w"] * minutes // 60
    return {
        "evse_id": evse["id"],
        "starts_at": dt.datetime.fromtimestamp(slot * 900, tz=dt.UTC).isoformat(),
        "minutes": minutes,
        "energy_wh": max(1, min(int(most * rng.uniform(0.4, 0.9)), 55_000)),
    }


def charge(driver: Driver, rng: random.Random) -> str:
    """Plug in where the booked time has begun, now and then unplug early; an empty line if there is nothing to do."""
    now = clock.now()
    for booking in driver.call("GET", "/bookings")["items"]:
        starts_at, ends_at = (dt.datetime.fromisoformat(booking[name]) for name in ("starts_at", "ends_at"))
        if not starts_at <= now < ends_at:
            continue
        if booking["status"] == "confirmed":
            driver.call("POST", f"/bookings/{booking['id']}/start")
            return f"plugged in: {booking['station_name']}, {booking['evse_label']}"
        if booking["status"] == "in_use" and rng.random() < UNPLUGGED_EARLY:
            driver.call("POST", f"/bookings/{booking['id']}/stop")
            return f"unplugged: {booking['station_name']}, {booking['evse_label']}"
    return ""


def one_act(driver: Driver, rng: random.Random) -> str:
    """Let one driver plug in, unplug or book; a refusal is told, not raised."""
    try:
        return charge(driver, rng) or book_and_pay(driver, rng)
    except Refused as refusal:
        return f"refused: {refusal}"
    except requests.RequestException as error:
        return f"nobody answers: {type(error).__name__}"
