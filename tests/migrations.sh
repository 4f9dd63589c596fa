#!/bin/sh
# Do the migrations say what the models say, on both engines?
set -eu
cd "$(dirname "$0")/.."
export DJANGO_SETTINGS_MODULE=tests.settings
EVBUNKER_TEST_ENGINE=sqlite .venv/bin/python manage.py makemigrations --check --dry-run
if engines=$(.venv/bin/python -m tests.engines); then
    EVBUNKER_TEST_ENGINE=mongodb .venv/bin/python manage.py makemigrations --check --dry-run
else
    echo "Left out: migrations on MongoDB ($engines)."
    [ "${EVBUNKER_REQUIRE_ENGINES:-0}" != 1 ]
fi
