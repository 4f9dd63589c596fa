#!/bin/sh
# Make deploy/secrets/ for the site at the host name $1, once: fresh secrets, the settings, and what compose.yaml reads.
# $2: another folder. What is there is never changed.
set -eu
host=${1:?name of the site, as in secrets.sh bunker.example.com}
cd "$(dirname "$0")"
folder=${2:-secrets}
[ ! -e "$folder" ] || { echo "$folder exists; it was left as it is." >&2; exit 1; }

random() { head -c "$1" /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_' | tr -d '='; }
mongodb=$(random 24) redis=$(random 24)

# The folder is closed to all but its owner. The files in it are not: containers read them as users of their own.
mkdir -m 0700 "$folder"
umask 022
sed -e "s/@SITE_HOST@/$host/" -e "s/@SECRET_KEY@/$(random 48)/" -e "s/@SANDBOX_WEBHOOK_SECRET@/$(random 32)/" \
    -e "s/@METRICS_TOKEN@/$(random 32)/" -e "s/@MONGODB_PASSWORD@/$mongodb/" -e "s/@REDIS_PASSWORD@/$redis/" \
    env.example > "$folder/evbunker.env"
printf 'requirepass %s\n' "$redis" > "$folder/redis-password.conf"
random 24 > "$folder/mongodb-root"
random 96 | tr -- '-_' '+/' > "$folder/mongodb.key"
[ "$folder" != secrets ] || printf 'SITE_HOST=%s\nEVBUNKER_TAG=0.1.0\n' "$host" > .env
echo "Made $folder. Read $folder/evbunker.env and set mail, payment and maps."
