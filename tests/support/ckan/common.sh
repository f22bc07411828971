# SPDX-License-Identifier: EUPL-1.2
# shellcheck shell=bash
# Where things lie; read by the other scripts of this folder.
# KOGGE_CACHE  what was installed (virtual environment, jars); outlives builds
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${KOGGE_CACHE:-$(cd "$HERE/../../.." && pwd)/.cache/ckan}
export VENV=$CACHE/venv JARS=$CACHE/solr-jars
# The folder above is named ckan too: no Python started here may find it.
unset PYTHONPATH

# find_program NAME: its path, also where Debian keeps it outside PATH
find_program() {
    command -v "$1" && return
    local found
    for found in /usr/lib/postgresql/*/bin/"$1"; do
        [ -x "$found" ] && echo "$found" && return
    done
    return 1
}
