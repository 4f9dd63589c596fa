#!/bin/sh
# Every test on SQLite and, beside it, on MongoDB with Redis; pytest's own summary comes last. Arguments go to pytest.
# EVBUNKER_REQUIRE_ENGINES=1 makes missing engines a failure, EVBUNKER_REQUIRE_BROWSER=1 a missing browser.
set -u
cd "$(dirname "$0")/.."
failed=0
engines=$(.venv/bin/python -m tests.engines)
can=$?
if [ $can -ne 0 ]; then
    echo "Left out: every test on MongoDB and Redis ($engines)."
    [ "${EVBUNKER_REQUIRE_ENGINES:-0}" = 1 ] && exit 1
    EVBUNKER_TEST_ENGINE=sqlite exec .venv/bin/pytest "$@"
fi
said=$(mktemp)
trap 'rm -f "$said"' EXIT
trap 'kill $mongodb 2> /dev/null; exit 130' INT TERM
EVBUNKER_TEST_ENGINE=mongodb .venv/bin/pytest "$@" > "$said" 2>&1 &
mongodb=$!
EVBUNKER_TEST_ENGINE=sqlite .venv/bin/pytest "$@" || failed=$?
tail -n +1 -f --pid=$mongodb "$said"
wait $mongodb || failed=$?
exit $failed
