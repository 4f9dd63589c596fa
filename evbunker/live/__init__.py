"""What changed, shown at once to everybody who watches: events, panels and the sockets that carry them."""

from evbunker.live.cache import cached
from evbunker.live.events import Event
from evbunker.live.panels import panel
from evbunker.live.publishing import announce, publish

__all__ = ["Event", "announce", "cached", "panel", "publish"]
