"""What the stand-ins for payment companies share: a real HTTP server, knobs for its faults, webhooks to send."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

import requests

LONGEST_HANG_SECONDS = 60


@dataclass(frozen=True)
class Asked:
    """A request as it came. `form` is the body of an HTML form, `query` what stood behind the question mark."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    query: dict[str, str] = field(default_factory=dict)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def data(self) -> Any:
        return json.loads(self.body or b"{}")

    def header(self, name: str) -> str:
        """A header by its name in any case, empty if it is missing."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, content: Any, status: int = 200, **headers: str) -> Self:
        return cls(status, json.dumps(content).encode(), {"Content-Type": "application/json"} | headers)

    @classmethod
    def html(cls, content: str, status: int = 200) -> Self:
        return cls(status, content.encode(), {"Content-Type": "text/html; charset=utf-8"})

    @classmethod
    def see_other(cls, url: str) -> Self:
        return cls(303, headers={"Location": url})


class Fault(Enum):
    """How one request goes wrong."""

    DOWN = auto()
    """Nothing is done, 503; not remembered under its key."""
    DROP = auto()
    """Nothing is done, and the connection ends without an answer."""
    BROKEN = auto()
    """Nothing is done, 500; remembered under its key by companies that remember failures."""
    BROKEN_AFTER = auto()
    """It is done, and answered with 500; remembered likewise."""
    VANISH = auto()
    """It is done, and the connection ends without an answer."""
    HANG = auto()
    """It is done, and no answer comes for longer than anybody waits."""
    DELAY = auto()
    """The answer comes after `delay_seconds`."""


class Armed(NamedTuple):
    """The next request whose `METHOD /path` the pattern finds has this fault."""

    pattern: re.Pattern[str]
    fault: Fault


@dataclass(frozen=True)
class Call:
    """A webhook to be sent: the body is fixed, its signature is made when it is sent."""

    id: str
    type: str
    body: bytes


Route = Callable[..., Reply]
Post = Callable[[bytes, dict[str, str]], int]
"""Brings a body and its headers to our webhook; the status of the answer."""


class StandIn:
    """A payment company on a free port of this machine.

    A subclass says in `ROUTES` which method serves which `METHOD /path` (a regular expression; its groups become
    arguments), makes `failure`s, signs in `signed`, and may remember answers under keys (`recalled`, `remember`).
    What is asked is handled one at a time.
    """

    ROUTES: ClassVar[dict[str, str]] = {}

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        """Every request, oldest first."""
        self.calls: list[Call] = []
        """Webhooks not sent yet, oldest first. Tests reorder, repeat and drop them."""
        self.sent: list[Call] = []
        self.armed: list[Armed] = []
        self.delay_seconds = 0.2
        self._books = threading.RLock()
        self._let_go = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Serve until the block ends; whoever hangs is let go then."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._let_go.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    # -- Knobs --------------------------------------------------------------------------------------------------------

    def arm(self, fault: Fault, pattern: str, times: int = 1) -> None:
        """Let the next `times` requests that `pattern` finds in `METHOD /path` go wrong."""
        self.armed += [Armed(re.compile(pattern), fault)] * times

    def times_asked(self, pattern: str) -> int:
        """How many requests had a `METHOD /path` in which `pattern` is found."""
        return sum(bool(re.search(pattern, f"{asked.method} {asked.path}")) for asked in self.asked)

    def _take_fault(self, asked: Asked) -> Fault | None:
        for armed in self.armed:
            if armed.pattern.search(f"{asked.method} {asked.path}"):
                self.armed.remove(armed)
                return armed.fault
        return None

    # -- Answering ----------------------------------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Reply | None:
        """What to answer; None ends the connection without a word."""
        with self._books:
            self.asked.append(asked)
            fault = self._take_fault(asked)
        if fault is Fault.DROP:
            return None
        if fault is Fault.DOWN:
            return self.failure(503)
        if fault is Fault.DELAY:
            self._let_go.wait(self.delay_seconds)
        with self._books:
            reply = self.recalled(asked) or self._done(asked, fault)
        if fault is Fault.HANG:
            self._let_go.wait(LONGEST_HANG_SECONDS)
        return None if fault in {Fault.VANISH, Fault.HANG} else reply

    def _done(self, asked: Asked, fault: Fault | None) -> Reply:
        reply = self.failure(500) if fault is Fault.BROKEN else self.handle(asked)
        if fault is Fault.BROKEN_AFTER:
            reply = self.failure(500)
        self.remember(asked, reply)
        return reply

    def handle(self, asked: Asked) -> Reply:
        """Do what is asked."""
        for pattern, name in self.ROUTES.items():
            if found := re.fullmatch(pattern, f"{asked.method} {asked.path}"):
                route: Route = getattr(self, name)
                return route(asked, *found.groups())
        return self.failure(404)

    def failure(self, status: int) -> Reply:
        """An error that has nothing to do with what was asked."""
        return Reply.json({"error": {"message": "Something went wrong."}}, status)

    def recalled(self, asked: Asked) -> Reply | None:
        """The answer of an earlier request under the same key; None if there was none."""

    def remember(self, asked: Asked, reply: Reply) -> None:
        """Keep the answer for the same key."""

    # -- Webhooks -----------------------------------------------------------------------------------------------------

    def signed(self, call: Call) -> dict[str, str]:
        """The headers that go with a webhook that is sent now."""
        raise NotImplementedError

    def deliver(self, post: Post, *, times: int = 1) -> list[int]:
        """Send every waiting webhook, each `times` times; what was answered. What is refused waits on, as in life."""
        statuses: list[int] = []
        with self._books:
            waiting, self.calls = self.calls, []
        for call in waiting:
            answers = [post(call.body, self.signed(call)) for _ in range(times)]
            (self.sent if 200 <= answers[-1] < 300 else self.calls).append(call)
            statuses += answers
        return statuses


def post_to(url: str) -> Post:
    """Brings webhooks to a running server."""

    def post(body: bytes, headers: dict[str, str]) -> int:
        return requests.post(url, data=body, headers=headers, timeout=30).status_code

    return post


def _handler(company: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are written apart: nobody shall wait 40 ms between them

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            reply = company.answer(Asked(self.command, parts.path, dict(self.headers), body, query))
            if reply is None:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve

        def log_message(self, *_args: object) -> None:
            """Say nothing: tests read what was asked."""

    return Handler
