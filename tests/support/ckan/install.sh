#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# Installs a CKAN 2.11 for tests into the cache folder: Debian packages that are missing
# (as root or by sudo), a Python environment with CKAN's own pins, the jars of Solr.
# About 90 s the first time, nothing afterwards.
set -euo pipefail
# shellcheck source=tests/support/ckan/common.sh
. "$(dirname "$0")/common.sh"
CKAN=2.11.6
EXTENSIONS=(ckanext-dcat==2.4.4 ckanext-harvest==1.6.3 ckanext-scheming==3.1.0)
WANTED="$CKAN ${EXTENSIONS[*]} $(cksum < "$HERE/solr/pom.xml")"

install_packages() {
    local missing=()
    find_program initdb >/dev/null || missing+=(postgresql-15)
    find_program redis-server >/dev/null || missing+=(redis-server)
    find_program mvn >/dev/null || missing+=(maven)
    # A .java file run without compiling needs the compiler, which a bare JRE lacks.
    find_program javac >/dev/null || missing+=(openjdk-17-jdk-headless)
    find_program curl >/dev/null || missing+=(curl)
    # Not grep -q: it ends early, and pipefail then takes the broken pipe for "no".
    /sbin/ldconfig -p | grep libmagic.so.1 > /dev/null || missing+=(libmagic1)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    [ ${#missing[@]} -eq 0 ] && return
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    echo "ckan: installing ${missing[*]}" >&2
    "${as_root[@]}" apt-get update -qq >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

install_python() {
    local python=python3
    command -v python3.11 >/dev/null && python=python3.11
    rm -rf "$VENV"
    "$python" -m venv "$VENV"
    local pip=("$VENV/bin/pip" install -q --disable-pip-version-check)
    "${pip[@]}" 'setuptools<81' wheel
    "${pip[@]}" --no-deps "ckan==$CKAN"
    # The wheel lists its exact pins as an extra. psycopg2 would be compiled: its ready
    # build is taken. One call for all, so that the pins bind the extensions too.
    "$VENV/bin/python" - > "$VENV/pins.txt" <<'PYTHON'
import importlib.metadata, re
for need in importlib.metadata.requires("ckan"):
    if 'extra == "requirements"' in need:
        print(re.sub(r"^psycopg2==", "psycopg2-binary==", need.split(";")[0].strip()))
PYTHON
    "${pip[@]}" -r "$VENV/pins.txt" "${EXTENSIONS[@]}"
}

install_jars() {
    rm -rf "$JARS"
    mvn -q -B -f "$HERE/solr/pom.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$JARS" >&2
}

mkdir -p "$CACHE"
exec 9> "$CACHE/lock"
flock 9
install_packages
if [ "$(cat "$CACHE/installed" 2>/dev/null)" != "$WANTED" ]; then
    echo "ckan: installing CKAN $CKAN and Solr into $CACHE (about 90 s)" >&2
    install_jars &
    fetching=$!
    install_python
    wait "$fetching"
    echo "$WANTED" > "$CACHE/installed"
fi
