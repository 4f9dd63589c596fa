"""What gunicorn does besides what its command line says: `gunicorn --config deploy/gunicorn.conf.py …`.

Its own lines look like all others, also those from before a worker has loaded the product. It writes no access log: the
product has one. Metrics need no hook: who has died, whoever reads them finds out (`evbunker.processes`).
"""

from evbunker.settings import LOGGING

logconfig_dict = LOGGING
