"""Pages and API for gunicorn; sockets need `evbunker.asgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbunker.settings")
application = get_wsgi_application()

from evbunker.checks import refuse_unsafe_settings  # noqa: E402 - Django must be set up first

refuse_unsafe_settings()
