#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Takes an empty CKAN database to an administrator with an API token.

usage: bootstrap.py CKAN_INI TOKEN_FILE DATASTORE_SQL

The command-line tool is called inside this one process: started anew for each step it
would take two to four seconds every time.
"""
import contextlib
import io
import os
import sys

INI, TOKEN, DATASTORE_SQL = sys.argv[1:4]
os.environ["CKAN_INI"] = INI

from ckan.cli.cli import ckan  # noqa: E402  (reads CKAN_INI)


def run(*arguments):
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(out):
        try:
            ckan(args=["-c", INI, *arguments], standalone_mode=False, obj=None)
        except SystemExit as end:
            if end.code not in (None, 0):
                sys.exit(f"ckan {' '.join(arguments)}: {end.code}\n{raw.getvalue().decode()}")
    return raw.getvalue().decode()


run("db", "upgrade")
run("db", "pending-migrations", "--apply")

from ckan import model  # noqa: E402  (needs the database)
from ckan.plugins import toolkit  # noqa: E402

toolkit.get_action("get_site_user")({"ignore_auth": True}, {})
if model.User.get("admin") is None:
    run("user", "add", "admin", "email=admin@example.org", "password=integration-test")
run("sysadmin", "add", "admin")
if not (os.path.exists(TOKEN) and os.path.getsize(TOKEN)):
    token = run("user", "token", "add", "admin", "hub", "-q").split()[-1]
    with open(TOKEN, "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write(token + "\n")
with open(DATASTORE_SQL, "w") as file:
    file.write(run("datastore", "set-permissions"))
