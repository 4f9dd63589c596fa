"""What every server imports, but for the event loop: no two processes may share one, and daphne makes it at once."""

import sys
from importlib import import_module

import django
from django.conf import settings

settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "daphne"]
django.setup()
for module in (
    "evbunker.urls",
    "channels.routing",
    "autobahn.twisted.websocket",
    "twisted.web.http",
    "adminpanel.scheduling",
):
    import_module(module)
assert "twisted.internet.reactor" not in sys.modules, "an event loop was made before the fork"
