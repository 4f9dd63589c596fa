"""The product with these tests' panels and pages, and less patience: an ASGI application for a server of its own."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbunker.settings")
get_asgi_application()

from django.conf import settings  # noqa: E402

from evbunker.live import hub  # noqa: E402
from tests.evbunker.live import watching  # noqa: E402

settings.ROOT_URLCONF = "tests.evbunker.live.watching"
settings.TEMPLATES[0]["DIRS"] = [*settings.TEMPLATES[0]["DIRS"], watching.TEMPLATES]
hub.BEAT_SECONDS = float(os.environ.get("BEAT_SECONDS", "1"))
hub.SILENCE_SECONDS = int(os.environ.get("SILENCE_SECONDS", "4"))
watching.declare()

from evbunker.asgi import application  # noqa: E402, F401
