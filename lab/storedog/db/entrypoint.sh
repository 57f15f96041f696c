#!/bin/sh
# Makes the database cluster at the first start, then becomes the server.
set -eu

for name in POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB; do
    eval "value=\${$name:-}"
    if [ -z "$value" ]; then
        echo "storedog-db: the environment variable $name is missing; set it" >&2
        exit 1
    fi
done

# The mark comes last: a container that was killed half-way starts over.
done_mark="$PGDATA/storedog.initialised"
if [ ! -e "$done_mark" ]; then
    find "$PGDATA" -mindepth 1 -delete
    umask 077
    password_file=$(mktemp)
    printf '%s' "$POSTGRES_PASSWORD" > "$password_file"
    initdb --username="$POSTGRES_USER" --pwfile="$password_file" --encoding=UTF8 \
        --locale=C.UTF-8 --auth-local=trust --auth-host=scram-sha-256 > /dev/null
    rm "$password_file"
    echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
    printf 'CREATE DATABASE "%s"\n' "$POSTGRES_DB" | postgres --single -D "$PGDATA" postgres > /dev/null
    touch "$done_mark"
fi

unset POSTGRES_PASSWORD
exec postgres -c 'listen_addresses=*'
