"""HTTP and sockets for daphne."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbunker.settings")
application = get_asgi_application()

from evbunker.checks import refuse_unsafe_settings  # noqa: E402 - Django must be set up first

refuse_unsafe_settings()
