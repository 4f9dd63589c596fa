"""The relay at work: wait for the lease, then tell every change, in the order in which they were made."""

import threading
from collections.abc import Callable
from typing import NoReturn

from evbunker import clock
from evbunker.db import DATABASE_ERRORS
from evbunker.live.publishing import announce, announce_everything
from evbunker.relay.lease import LOOKED_AT_EVERY_SECONDS, Lease, LeaseLost, Place
from evbunker.relay.reading import Reading, read
from evbunker.relay.stream import HistoryLost, Stream, StreamBroken, keep_images, open_client

AGAIN_SECONDS = 1.0
"""How long it waits after a failure before it tries again."""
Say = Callable[[str], None]


class Stopped(Exception):
    """It was told to stop."""


class Relaying:
    """One process's relay. `say` gets a line whenever it leads, stands by, resumes or must begin anew."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.last_said = ""
        self.stop = threading.Event()
        self.lease = Lease()
        self.place = Place(None, None)
        self.client = open_client()

    def run(self) -> None:
        """Relay, or stand by, until `stop` is set; what was told until then is saved."""
        try:
            while not self.stop.is_set():
                self._lead_or_wait()
        finally:
            self.client.close()

    def _lead_or_wait(self) -> None:
        try:
            place = self.lease.try_to_lead()
        except DATABASE_ERRORS as error:
            self._say_once(f"Stands by: the database does not answer: {error}")
            self.stop.wait(AGAIN_SECONDS)
            return
        if place is None:
            self._say_once("Stands by: another process leads.")
            self.stop.wait(LOOKED_AT_EVERY_SECONDS)
            return
        self._say_once("Leads.")
        self.place = place
        try:
            self._lead()
        except LeaseLost as lost:
            self._say_once(f"Leads no more: {lost}")
        except Stopped:
            self.lease.release(self.place)

    def _lead(self) -> NoReturn:
        """For ever. Raises Stopped or LeaseLost."""
        while True:
            try:
                self._relay()
            except StreamBroken as broken:
                self._say_once(f"The change stream broke and will be resumed: {broken}")
            except HistoryLost as lost:
                self._say_once(f"Begins anew, and everything shown is stale: {lost}")
                self.place = Place(None, self.place.told_until)
            self._wait()

    def _relay(self) -> NoReturn:
        """Tell what comes after the last told, for as long as the stream lasts. Raises what ends it."""
        keep_images(self.client, self._say_once)
        stream = Stream.open(self.client, self.place.token)
        try:
            if self.place.token is None:
                self._tell(Reading((), everything=True))  # only now: what is written from here on, the stream has
                self.place = Place(stream.token, clock.now())
                self.lease.save(self.place)
                self._say_once("Follows what is written from now on.")
            else:
                self._say_once("Follows what was written since it was last told.")
            self._follow(stream)
        finally:
            stream.close()

    def _follow(self, stream: Stream) -> NoReturn:
        while not self.stop.is_set():
            batch = stream.next()
            self._tell(read(batch.changes))
            self.place = Place(batch.token, batch.until or clock.now())
            self.lease.renew(self.place)
        raise Stopped

    def _tell(self, reading: Reading) -> None:
        """Return only when it has been told: while Redis is gone, nothing is passed over."""
        while not self._is_told(reading):
            self._say_once("Redis does not answer; what happens meanwhile will be told after.")
            self._wait()
        if reading.everything:  # a collection may have been made anew, without images
            keep_images(self.client, self._say_once)

    def _is_told(self, reading: Reading) -> bool:
        self.lease.check()
        told = announce(*reading.events) if reading.events else True
        return announce_everything() and told if reading.everything else told

    def _wait(self) -> None:
        """A while, alive. Raises Stopped."""
        self.lease.renew(self.place)
        if self.stop.wait(AGAIN_SECONDS):
            raise Stopped

    def _say_once(self, line: str) -> None:
        if line != self.last_said:
            self.say(line)
        self.last_said = line
