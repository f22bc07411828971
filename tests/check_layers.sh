#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Fails on any #include in hub/ that hub/LAYERS does not allow: of another module, or of a
# library header that belongs to one module alone. And on any in firmware/node but of the
# node itself, schemas/wire.h and four headers that every compiler has.
cd "$(dirname "$0")/.." || exit 1
# shellcheck disable=SC2016 # the dollars are awk's
find hub -name '*.[ch]' | sort | xargs awk '
  FNR == NR { if ($0 !~ /^#/) { split($0, part, "|"); n = split(part[1], word, " ")
      for (i = 1; i <= n; i++) if (word[i] != "-") may[word[1] "/" word[i]] = 1
      module[word[1]] = 1; n = split(part[2], lib, " ")
      for (i = 1; i <= n; i++) if (lib[i] != "-") { owned[lib[i]] = 1; may[word[1] "/" lib[i]] = 1 } } next }
  /^#[ \t]*include/ { sub(/^#[ \t]*include/, "#include "); split(FILENAME, path, "/"); from = path[2]
    if (!(from in module)) { print FILENAME ": module " from " is not in hub/LAYERS"; bad = 1 }
    header = $2; gsub(/[<>"]/, "", header); split(header, part, "/"); to = part[1]
    wrong = (to in module && $2 ~ /^"/) ? !((from "/" to) in may) : (header in owned) && !((from "/" header) in may)
    if (wrong) { print FILENAME ":" FNR ": " from " may not include " header; bad = 1 } }
  END { exit bad }' hub/LAYERS
bad=$?
if [ -d firmware/node ]; then
    # shellcheck disable=SC2016
    find firmware/node -name '*.[ch]' | sort | xargs awk '
  /^#[ \t]*include/ { sub(/^#[ \t]*include/, "#include "); header = $2
    if (header ~ /^<(stdint|stddef|stdbool|string)\.h>$/ || header ~ /^"(\.\.\/)*(schemas\/)?wire\.h"$/) next
    own = header; gsub(/"/, "", own); sub(/^.*\//, "", own)
    if (header ~ /^"/ && (getline line < ("firmware/node/" own)) >= 0) { close("firmware/node/" own); next }
    print FILENAME ":" FNR ": firmware/node may not include " header; bad = 1 }
  END { exit bad }' || bad=1
fi
exit $bad
