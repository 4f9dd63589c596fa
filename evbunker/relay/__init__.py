"""`LIVE_SOURCE=change-streams`: events out of MongoDB's own record of what was written, by whichever program.

Apps say with `relay` which collection becomes which event; `manage.py relay_changes` does the rest.
"""

from evbunker.relay.sources import relay

__all__ = ["relay"]
