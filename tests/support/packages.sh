# shellcheck shell=bash
# SPDX-License-Identifier: EUPL-1.2
# shellcheck disable=SC2034 # install_for names the lists by their set
# What each kind of work needs from Debian 12 and PyPI, and how it gets there. Sourced by ./run.

packages_build='gcc libc6-dev cmake ninja-build pkg-config python3 libsqlite3-dev libjansson-dev libyajl-dev
    libcurl4-openssl-dev libssl-dev libpaho-mqtt-dev libudunits2-dev libcbor-dev libcsv-dev libcmocka-dev'
packages_demo='mosquitto'
# Of the check set, faults need: libfaketime (a clock that steps, for one program), locales and
# tzdata (other machines), e2fsprogs and mount (small disks).
packages_check='clang clang-format clang-tidy libclang-rt-14-dev llvm cppcheck shellcheck
    python3-venv ca-certificates git libasan8 libubsan1 libtsan2 mosquitto mosquitto-clients openssl systemd util-linux
    libfaketime locales tzdata e2fsprogs mount'
packages_portal='postgresql-15 redis-server libmagic1 openjdk-17-jdk-headless maven
    python3-venv curl bc'
python_check='check-jsonschema>=0.28,<1 pyflakes>=3 gsw>=3.6,<4 ioos_qc>=3.0,<3.1'

# as_root COMMAND...
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# packages_missing PACKAGE...: those that are not installed, one a line
packages_missing() {
    { dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2> /dev/null || true; } |
        awk -v want="$*" '$2 == "installed" { have[$1] = 1 }
            END { n = split(want, w, " "); for (i = 1; i <= n; i++) if (!(w[i] in have)) print w[i] }'
}

install_packages() {
    local missing
    if ! command -v dpkg-query apt-get > /dev/null; then
        echo "install: this is not Debian, so nothing is installed; needed are: $*"
        return
    fi
    missing=$(packages_missing "$@" | sort -u | tr '\n' ' ')
    if [ -z "$missing" ]; then
        return
    fi
    if [ "$(id -u)" != 0 ] && ! command -v sudo > /dev/null; then
        echo "install: missing are: $missing"
        echo "install: neither root nor sudo; as root do: apt-get install $missing"
        exit 1
    fi
    echo "install: adds Debian packages: $missing"
    mkdir -p build
    # shellcheck disable=SC2086 # a list of words
    if ! { as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
            --no-install-recommends $missing; } > build/install.log 2>&1; then
        tail -n 20 build/install.log
        echo "install: apt failed; all it said is in build/install.log"
        exit 1
    fi
}

# install_python REQUIREMENT...: into .cache/venv, once for each list
install_python() {
    local venv=.cache/venv
    if [ "$(cat "$venv/installed" 2> /dev/null)" = "$*" ]; then
        return
    fi
    echo "install: adds Python tools to $venv: $*"
    mkdir -p .cache build
    rm -rf "$venv"
    if ! { python3 -m venv "$venv" && "$venv/bin/pip" install -q "$@"; } > build/install.log 2>&1; then
        tail -n 20 build/install.log
        echo "install: pip failed; all it said is in build/install.log"
        exit 1
    fi
    echo "$*" > "$venv/installed"
}

# install_for SET...: build, demo, check, portal
install_for() {
    local set list=''
    for set in "$@"; do
        set=packages_$set
        list+=" ${!set}"
    done
    # shellcheck disable=SC2086 # lists of words
    install_packages $list
    if [[ " $* " == *' check '* ]]; then
        # shellcheck disable=SC2086
        install_python $python_check
    fi
}
