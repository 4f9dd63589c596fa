"""HTTP and sockets, for daphne."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbunker.settings")
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 - Django must be set up first
from channels.security.websocket import WebsocketDenier  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from adminpanel.scheduling import start_in_background  # noqa: E402
from bookings.tokens import client_of_token  # noqa: E402
from evbunker.checks import refuse_unsafe_settings  # noqa: E402
from evbunker.live.consumer import LiveConsumer  # noqa: E402

refuse_unsafe_settings()
sockets = URLRouter(
    [
        path("live/", LiveConsumer.as_asgi(token_owner=client_of_token)),
        re_path("", WebsocketDenier.as_asgi()),
    ]
)
application = ProtocolTypeRouter({"http": django_application, "websocket": sockets})

if settings.RUN_SCHEDULER:
    start_in_background()
