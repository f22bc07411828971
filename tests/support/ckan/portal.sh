#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# A private CKAN on 127.0.0.1: PostgreSQL, Redis, Solr and CKAN in one folder of state.
#   portal.sh up STATE           all four (about 20 s the first time); safe to repeat
#   portal.sh down STATE         stops them, by the process ids written down at start
#   portal.sh wipe STATE         down, and removes STATE
#   portal.sh stop STATE NAME    one of them: ckan, solr or redis (stop: at once, as kill)
#   portal.sh start STATE NAME
# STATE/env then holds CKAN_URL, CKAN_TOKEN_FILE, CKAN_INI and the ports. Variables:
#   CKAN_INI_LINES   "key = value" lines, set at every start of CKAN
#   CKAN_PLUGINS     instead of the usual ones, at the first start
set -euo pipefail
# shellcheck source=tests/support/ckan/common.sh
. "$(dirname "$0")/common.sh"
usage() { sed -n '4,8s/^# *//p' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
VERB=$1
STATE=$(mkdir -p "$2" && cd "$2" && pwd)
NAME=${3:-}
INI=$STATE/ckan.ini
PG=$STATE/pg
PGBIN=$(dirname "$(find_program initdb)")

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$@")
    else
        (cd / && "$@")
    fi
}

alive() {
    [ -s "$STATE/run/$1.pid" ] && kill -0 "$(cat "$STATE/run/$1.pid")" 2>/dev/null
}

# begin NAME COMMAND...: in the background, in a session of its own
begin() {
    local name=$1
    shift
    setsid "$@" >> "$STATE/log/$name.log" 2>&1 < /dev/null 9>&- &
    echo $! > "$STATE/run/$name.pid"
}

# answers URL NAME: waits until URL answers while NAME lives, at most 90 s
answers() {
    local i
    for ((i = 0; i < 900; i++)); do
        curl -sf --max-time 5 -o /dev/null "$1" && return
        alive "$2" || break
        sleep 0.1
    done
    echo "$2 did not come up:" >&2
    tail -n 20 "$STATE/log/$2.log" >&2
    return 1
}

# Asked of the kernel once, kept so that a restart has the same address.
choose_ports() {
    [ -s "$STATE/ports" ] || python3 - > "$STATE/ports" <<'PYTHON'
import socket
names = ("PG_PORT", "REDIS_PORT", "SOLR_PORT", "CKAN_PORT")
sockets = [socket.socket() for _ in names]
for s in sockets:
    s.bind(("127.0.0.1", 0))
for name, s in zip(names, sockets):
    print(f"{name}={s.getsockname()[1]}")
PYTHON
    # shellcheck source=/dev/null
    . "$STATE/ports"
}

psql_at() {
    psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$PG_PORT" -U postgres "$@"
}

start_postgres() {
    if [ ! -s "$PG/data/PG_VERSION" ]; then
        mkdir -p "$PG"
        [ "$(id -u)" != 0 ] || chown postgres: "$PG"
        as_postgres "$PGBIN/initdb" -D "$PG/data" -U postgres -A trust -E UTF8 \
            --locale=C.UTF-8 --no-sync > "$STATE/log/initdb.log"
        # A test portal may lose its data with the machine: no fsync.
        printf '%s\n' "listen_addresses = '127.0.0.1'" "port = $PG_PORT" \
            "unix_socket_directories = ''" "fsync = off" "synchronous_commit = off" \
            "full_page_writes = off" "shared_buffers = 64MB" |
            as_postgres tee -a "$PG/data/postgresql.conf" > /dev/null
    fi
    as_postgres "$PGBIN/pg_ctl" -D "$PG/data" status > /dev/null 2>&1 ||
        as_postgres "$PGBIN/pg_ctl" -D "$PG/data" -w -s -l "$PG/log" start 9>&-
    if ! psql_at -Atc "select 1 from pg_database where datname='datastore'" postgres |
        grep 1 > /dev/null; then
        psql_at postgres <<'SQL'
create role ckan login nosuperuser nocreatedb nocreaterole;
create role datastore_ro login nosuperuser nocreatedb nocreaterole;
create database ckan owner ckan;
create database datastore owner ckan;
SQL
    fi
}

start_solr() {
    alive solr && return
    if [ ! -d "$STATE/solr/ckan" ]; then
        mkdir -p "$STATE/solr"
        cp -r "$HERE/solr/home/." "$STATE/solr/"
        cp "$VENV"/lib/python*/site-packages/ckan/config/solr/schema.xml \
            "$STATE/solr/ckan/conf/"
    fi
    (cd "$STATE/solr" && begin solr java -Xms64m -Xmx256m -XX:+UseSerialGC \
        -XX:TieredStopAtLevel=1 -cp "$JARS/*" "$HERE/solr/SolrNode.java" \
        "$STATE/solr" "$SOLR_PORT")
}

start_redis() {
    alive redis || begin redis redis-server --port "$REDIS_PORT" --bind 127.0.0.1 \
        --save "" --appendonly no --dir "$STATE"
}

make_ini() {
    if [ ! -s "$INI" ]; then
        "$VENV/bin/ckan" generate config "$INI" > /dev/null
        "$VENV/bin/python" "$HERE/set-ini.py" "$INI" <<INI
sqlalchemy.url = postgresql://ckan@127.0.0.1:$PG_PORT/ckan
ckan.datastore.write_url = postgresql://ckan@127.0.0.1:$PG_PORT/datastore
ckan.datastore.read_url = postgresql://datastore_ro@127.0.0.1:$PG_PORT/datastore
ckan.redis.url = redis://127.0.0.1:$REDIS_PORT/0
solr_url = http://127.0.0.1:$SOLR_PORT/solr/ckan
ckan.site_url = http://127.0.0.1:$CKAN_PORT
ckan.site_id = integration
ckan.site_title = Integration portal
ckan.plugins = ${CKAN_PLUGINS:-datastore activity text_view image_view datatables_view dcat structured_data harvest dcat_rdf_harvester}
ckan.storage_path = $STATE/storage
ckan.uploads_enabled = true
ckan.views.default_views = image_view datatables_view text_view
ckan.devserver.threaded = true
INI
    fi
    "$VENV/bin/python" "$HERE/set-ini.py" "$INI" <<< "${CKAN_INI_LINES:-}"
}

bootstrap() {
    [ -e "$STATE/bootstrapped" ] && return
    if ! "$VENV/bin/python" "$HERE/bootstrap.py" "$INI" "$STATE/token" \
        "$STATE/datastore.sql" > "$STATE/log/bootstrap.log" 2>&1; then
        tail -n 30 "$STATE/log/bootstrap.log" >&2
        return 1
    fi
    psql_at datastore < "$STATE/datastore.sql" > /dev/null
    touch "$STATE/bootstrapped"
}

start_ckan() {
    alive ckan && return
    make_ini
    (cd "$STATE" && begin ckan "$VENV/bin/ckan" -c "$INI" run -H 127.0.0.1 \
        -p "$CKAN_PORT" --disable-reloader)
    answers "http://127.0.0.1:$CKAN_PORT/api/3/action/status_show" ckan
}

wait_for_solr() {
    answers "http://127.0.0.1:$SOLR_PORT/solr/ckan/schema" solr
}

up() {
    mkdir -p "$STATE"/{log,run,storage}
    chmod 755 "$STATE" # the user postgres passes through
    choose_ports
    start_solr
    start_redis
    start_postgres
    make_ini
    wait_for_solr
    bootstrap
    start_ckan
    {
        echo "CKAN_URL=http://127.0.0.1:$CKAN_PORT"
        echo "CKAN_TOKEN_FILE=$STATE/token"
        echo "CKAN_INI=$INI"
        cat "$STATE/ports"
    } > "$STATE/env"
    cat "$STATE/env"
}

# stop NAME: kills it and waits until it is gone
stop() {
    local file=$STATE/run/$1.pid process i
    [ -s "$file" ] || return 0
    process=$(cat "$file")
    kill -9 "$process" 2>/dev/null || true
    for ((i = 0; i < 100; i++)); do
        kill -0 "$process" 2>/dev/null || break
        sleep 0.05
    done
    rm -f "$file"
}

down() {
    local name
    for name in ckan solr redis; do
        stop "$name"
    done
    [ ! -d "$PG/data" ] ||
        as_postgres "$PGBIN/pg_ctl" -D "$PG/data" -s -m immediate stop || true
}

case $VERB:$NAME in
up:) up ;;
down:) down ;;
wipe:) down && rm -rf "$STATE" ;;
stop:ckan | stop:solr | stop:redis) stop "$NAME" ;;
start:ckan) choose_ports && start_ckan ;;
start:solr) choose_ports && start_solr && wait_for_solr ;;
start:redis) choose_ports && start_redis ;;
*) usage ;;
esac
