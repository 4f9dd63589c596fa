"""The product's settings on the engine that `tests.engines` prepares; what differs makes tests fast, nothing else."""

from tests import engines

engines.prepare()

from evbunker.settings import *  # noqa: E402, F403
from evbunker.settings import DATABASES  # noqa: E402

WHITENOISE_AUTOREFRESH = True  # look for a static file when it is asked for, not for all whenever a client is made
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if not engines.ON_MONGODB:
    # Commits are as real as ever; only a power cut could tell the difference.
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
