#!/bin/sh
# Every test on SQLite and, beside it in two shares, on MongoDB with Redis; pytest's own summary comes last. Arguments
# go to pytest. EVBUNKER_REQUIRE_ENGINES=1 makes missing engines a failure, EVBUNKER_REQUIRE_BROWSER=1 a missing browser.
set -u
cd "$(dirname "$0")/.."
export PYTHONDONTWRITEBYTECODE=  # many processes start: each would compile the product anew
failed=0
engines=$(.venv/bin/python -m tests.engines)
can=$?
if [ $can -ne 0 ]; then
    echo "Left out: every test on MongoDB and Redis ($engines)."
    [ "${EVBUNKER_REQUIRE_ENGINES:-0}" = 1 ] && exit 1
    EVBUNKER_TEST_ENGINE=sqlite exec .venv/bin/pytest "$@"
fi
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
trap 'kill $first $second 2> /dev/null; exit 130' INT TERM
EVBUNKER_TEST_ENGINE=mongodb EVBUNKER_TEST_SHARE=1/2 .venv/bin/pytest "$@" > "$said/first" 2>&1 &
first=$!
EVBUNKER_TEST_ENGINE=mongodb EVBUNKER_TEST_SHARE=2/2 .venv/bin/pytest "$@" > "$said/second" 2>&1 &
second=$!
EVBUNKER_TEST_ENGINE=sqlite .venv/bin/pytest "$@" || failed=$?
for share in "$first $said/first" "$second $said/second"; do
    tail -n +1 -f --pid="${share%% *}" "${share#* }"
    wait "${share%% *}"
    status=$?
    [ $status -eq 0 ] || [ $status -eq 5 ] || failed=$status  # 5: nothing that was asked for is in this share
done
exit $failed
