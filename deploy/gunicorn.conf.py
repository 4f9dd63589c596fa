"""What gunicorn does besides what its command line says: `gunicorn --config deploy/gunicorn.conf.py …`.

Its own lines look like all others, also those from before a worker has loaded the product. It writes no access log: the
product has one. Metrics need no hook: who has died, whoever reads them finds out (`evbunker.processes`).
"""

from evbunker.settings import LOGGING

logconfig_dict = LOGGING
keepalive = 30
"""Seconds that an idle connection stays open: longer than the proxy keeps it (nginx.conf.template), which then closes
it first and never sends a request into a connection that is just being closed."""
