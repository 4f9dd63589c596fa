#!/bin/sh
# The whole product on one laptop: SQLite, memory, made-up money. Ctrl-C stops everything; data stays in var/.
set -eu
cd "$(dirname "$0")/.."
mkdir -p var/static
python=.venv/bin/python
port=${PORT:-8000}
secrets=var/demo.env
[ -f "$secrets" ] || (umask 077 && $python -c 'import secrets
print(f"SECRET_KEY={secrets.token_urlsafe(50)}\nSANDBOX_WEBHOOK_SECRET={secrets.token_urlsafe(32)}")' > "$secrets")

export ENV_FILE="$secrets" DEBUG=0 SITE_URL="http://localhost:$port" ALLOWED_HOSTS="localhost,127.0.0.1,[::1]"
export PAYMENT_GATEWAYS=sandbox SANDBOX_ALLOWED=1 STAFF_SECOND_FACTOR=0 LOG_LEVEL="${LOG_LEVEL:-ERROR}"

$python manage.py migrate --verbosity 0 --skip-checks
$python manage.py seed_demo

server= traffic=
stop() {
    trap - EXIT INT TERM
    # shellcheck disable=SC2086 - nothing where nothing was started
    kill $server $traffic 2> /dev/null || true
    wait
}
trap stop EXIT
trap 'stop; exit 0' INT TERM
.venv/bin/daphne --verbosity 0 -b 127.0.0.1 -p "$port" evbunker.asgi:application > var/server.log 2>&1 &
server=$!
for _try in $(seq 100); do
    $python -c "import urllib.request as r; r.urlopen('$SITE_URL/healthz', timeout=1)" 2>/dev/null && break
    kill -0 "$server" 2>/dev/null || { cat var/server.log >&2; exit 1; }
    sleep 0.2
done
cat <<TEXT

  EV Bunker is running.

  Find a station      $SITE_URL/
  Driver's dashboard  $SITE_URL/dashboard/             driver@demo.example
  Operators           $SITE_URL/operations/overview/   operator@demo.example
  All records         $SITE_URL/admin/                 owner@demo.example
  JSON API            $SITE_URL/api/v1/docs

  The password of all three is charge-the-demo. What is mailed stands in var/server.log.
  Made-up drivers are booking and paying while you look. Ctrl-C stops everything.

TEXT
$python manage.py simulate_traffic > var/traffic.log 2>&1 &
traffic=$!
wait "$server"
