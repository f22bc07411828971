#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Sets options in the [app:main] part of a CKAN configuration.

usage: set-ini.py CKAN_INI < LINES      each line "key = value"
"""
import re
import sys

path = sys.argv[1]
with open(path) as file:
    text = file.read()
for line in sys.stdin:
    key, equals, value = line.partition("=")
    if not equals:
        continue
    key = key.strip()
    wanted = f"{key} = {value.strip()}"
    there = re.compile(rf"^{re.escape(key)}\s*=.*$", re.MULTILINE)
    if there.search(text):
        text = there.sub(lambda _: wanted, text, count=1)
    else:
        text = text.replace("[app:main]\n", f"[app:main]\n{wanted}\n", 1)
with open(path, "w") as file:
    file.write(text)
