#!/usr/bin/env bash
# Runs a command with a throw-away PostgreSQL server: postgres.sh COMMAND [ARG ...]
# The server lives in a temporary folder, listens on a free loopback port and is
# gone when the command ends. BROADSHEET_TEST_POSTGRES has its URL,
# BROADSHEET_TEST_POSTGRES_DIR its data folder.
set -eu

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb)")
dir=$(mktemp -d)
as=()
if [ "$(id -u)" = 0 ]; then
  chown postgres "$dir"
  as=(runuser -u postgres --)
fi
port=$(( 20000 + RANDOM % 10000 ))
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$(( port + 1 )); done

cd "$dir"
"${as[@]}" "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C >/dev/null
"${as[@]}" "$bin/pg_ctl" -D "$dir/data" -w -s -l "$dir/log" -o "-p $port -k $dir -c listen_addresses=127.0.0.1 -c max_connections=300 -c fsync=${BROADSHEET_TEST_FSYNC:-off} -c shared_buffers=256MB" start
stop() {
  "${as[@]}" "$bin/pg_ctl" -D "$dir/data" -w -s -m immediate stop || true
  rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT TERM
cd "$OLDPWD"
export BROADSHEET_TEST_POSTGRES="postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable"
export BROADSHEET_TEST_POSTGRES_DIR="$dir/data"
"$@"
