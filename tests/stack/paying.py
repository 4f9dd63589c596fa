"""A driver who books and pays through the proxy, and what everybody's panels must then show."""

import datetime as dt
import time

import requests

ENERGY_WH, PRICE_MINOR = 10_000, 850
"""1.00 a session, 3.00 for the hour, 10 kWh at 0.45."""
TRIES, WAIT_SECONDS = 20, 1.0
IMPATIENT_SECONDS = 10


class Driver:
    """Owner of `token`; books one EVSE at ever later times."""

    def __init__(self, url: str, token: str, evse_id: str) -> None:
        self.url = url
        self.evse_id = evse_id
        self.paid = 0
        self.others_minor = 0
        """What others paid here today."""
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {token}"

    def book_and_pay(self) -> None:
        """Tried again like any program does when the site says that it is busy (503)."""
        booking = self._post("/api/v1/bookings", self._wish(), key=f"booking-{self.paid}")
        page = self._pay_page(booking)
        answer = self._try(
            lambda: requests.post(page, data={"outcome": "pay"}, timeout=IMPATIENT_SECONDS, allow_redirects=False)
        )
        assert answer.status_code == 303, answer.text
        self.paid += 1

    def _pay_page(self, booking: dict[str, object]) -> str:
        """Asked for until there is one: a gateway that does not answer leaves a payment without a page."""
        for _try in range(TRIES):
            path = f"/api/v1/bookings/{booking['id']}/payments"
            payment = self._post(path, {"gateway": "sandbox"}, key=f"pay-{self.paid}")
            if payment["pay_url"]:
                return str(payment["pay_url"])
            time.sleep(WAIT_SECONDS)
        raise AssertionError(f"no page to pay on: {payment}")

    def _wish(self) -> dict[str, object]:
        midnight = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        starts_at = midnight + dt.timedelta(days=2, hours=2 * self.paid)
        return {"evse_id": self.evse_id, "starts_at": starts_at.isoformat(), "minutes": 60, "energy_wh": ENERGY_WH}

    def _post(self, path: str, body: dict[str, object], *, key: str) -> dict[str, object]:
        headers = {"Idempotency-Key": key}
        answer = self._try(
            lambda: self.http.post(self.url + path, json=body, headers=headers, timeout=IMPATIENT_SECONDS)
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    def _try(self, ask) -> requests.Response:
        for _try in range(TRIES):
            answer = ask()
            if answer.status_code != 503:
                return answer
            time.sleep(WAIT_SECONDS)
        return answer

    @property
    def energy_text(self) -> str:
        """In the driver's impact."""
        if not self.paid:
            return "begins with your first booking"
        return f"{self.paid * ENERGY_WH / 1000:.1f} kWh"

    @property
    def revenue_text(self) -> str:
        """In the operators' overview."""
        if not self.paid + self.others_minor:
            return "nothing was paid yet"
        return f"€{(self.others_minor + self.paid * PRICE_MINOR) / 100:.2f}"
