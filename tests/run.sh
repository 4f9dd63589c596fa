#!/bin/sh
# Every test on SQLite, then on MongoDB and Redis; pytest's own summary comes last. Arguments go to pytest.
# EVBUNKER_REQUIRE_ENGINES=1 makes missing engines a failure, EVBUNKER_REQUIRE_BROWSER=1 a missing browser.
set -u
cd "$(dirname "$0")/.."
failed=0
engines=$(.venv/bin/python -m tests.engines)
can=$?
if [ $can -ne 0 ]; then
    echo "Left out: every test on MongoDB and Redis ($engines)."
    [ "${EVBUNKER_REQUIRE_ENGINES:-0}" = 1 ] && exit 1
fi
EVBUNKER_TEST_ENGINE=sqlite .venv/bin/pytest "$@" || failed=$?
if [ $can -eq 0 ]; then
    EVBUNKER_TEST_ENGINE=mongodb .venv/bin/pytest "$@" || failed=$?
fi
exit $failed
