#!/usr/bin/env bash
# Runs a command with its own temporary PostgreSQL server, whose URL, up to the database name, is in
# CALLSTORE_TEST_POSTGRES: scripts/with_postgres.sh cargo test --test tests
# The server's programs are Debian's. The server does not wait for the disk, because only its clients are killed. For
# benchmarks put --durable before the command, which makes it wait.
set -euo pipefail
durability="-c fsync=off -c full_page_writes=off"
if [ "${1:-}" = --durable ]; then
    durability="-c max_wal_size=4GB"
    shift
fi
programs="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)"
if [ -z "$programs" ]; then
    echo "with_postgres.sh: there is no PostgreSQL; apt-get install postgresql" >&2
    exit 1
fi
work="$(mktemp -d)"
# PostgreSQL refuses to run as root.
as_user=()
if [ "$(id -u)" -eq 0 ]; then
    chown postgres "$work"
    as_user=(runuser -u postgres --)
fi
control() {
    (cd "$work" && "${as_user[@]}" "$programs/pg_ctl" --pgdata="$work/data" --silent "$@" >/dev/null)
}
finish() {
    control --mode=immediate stop || true
    rm -rf "$work"
}
trap finish EXIT
(cd "$work" && "${as_user[@]}" "$programs/initdb" --pgdata="$work/data" --auth=trust --username=postgres \
    --encoding=UTF8 --locale=C --no-sync >"$work/log")
start() {
    control --wait --log="$work/data/server.log" --options="-p $1 -k $work -c listen_addresses=127.0.0.1 \
        -c max_connections=1000 -c shared_buffers=256MB $durability" start
}
for _ in $(seq 20); do
    port=$((20000 + RANDOM % 10000))
    if start "$port" 2>/dev/null; then
        CALLSTORE_TEST_POSTGRES="postgres://postgres@127.0.0.1:$port" "$@"
        exit
    fi
done
cat "$work/data/server.log" >&2
echo "with_postgres.sh: the server did not start" >&2
exit 1
