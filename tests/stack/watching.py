"""Those who look while things break: pages that hold panels, without the cost of a browser each."""

import contextlib
import html
import random
import re
import threading
import time

import websockets.sync.client
from websockets.exceptions import WebSocketException

from tests.engines import wait_until

SILENCE_SECONDS = 35
MOST_DELAY_SECONDS = 4.0
PANEL = re.compile(r'id="panel-([a-z-]+)"')
TAGS = re.compile(r"<[^>]*>")


def text_of(page: str) -> str:
    """What a person reads, in one line."""
    return " ".join(html.unescape(TAGS.sub(" ", page)).split())


class Watcher:
    """What `static/js/live.js` does: one socket, opened again whenever it closes or says nothing for too long."""

    def __init__(self, url: str, cookie: dict[str, str], panels: str) -> None:
        self.address = f"{url.replace('http', 'ws')}/live/?panels={panels}"
        self.first_panel = panels.split(",")[0]
        self.origin = url
        self.headers = {"Cookie": f"{cookie['name']}={cookie['value']}"}
        self.shown: dict[str, str] = {}
        self.opened = 0
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self) -> None:
        while not self.closing.is_set():
            with contextlib.suppress(OSError, WebSocketException):
                self._listen()
            self.closing.wait(random.uniform(0.5, MOST_DELAY_SECONDS))

    def _listen(self) -> None:
        """Until the line closes or is silent."""
        connecting = websockets.sync.client.connect(
            self.address, additional_headers=self.headers, origin=self.origin, open_timeout=SILENCE_SECONDS,
            ping_interval=None, close_timeout=1,
        )  # fmt: skip
        with connecting as socket:
            self.opened += 1
            heard_at = time.monotonic()
            while not self.closing.is_set() and time.monotonic() - heard_at < SILENCE_SECONDS:
                with contextlib.suppress(TimeoutError):
                    self._take(str(socket.recv(timeout=0.5)))
                    heard_at = time.monotonic()

    def _take(self, frame: str) -> None:
        if found := PANEL.search(frame):
            self.shown[found[1]] = text_of(frame)

    def shows(self, panel: str, text: str) -> bool:
        return text in self.shown.get(panel, "")

    def expect(self, panel: str, text: str, *, seconds: float) -> None:
        """Wait for `text` in `panel`."""
        try:
            wait_until(lambda: self.shows(panel, text), "", seconds=seconds)
        except RuntimeError:
            raise AssertionError(f"{panel} shows no {text!r} but {self.shown.get(panel)!r}") from None

    def close(self) -> None:
        self.closing.set()
        self.thread.join()
