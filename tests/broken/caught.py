# SPDX-License-Identifier: EUPL-1.2
"""caught.py PATTERN -- COMMAND: runs a test on a broken hub. The test must fail, and say
PATTERN (a regular expression): one that fails for another reason has caught nothing."""
import re
import subprocess
import sys

SKIPPED = 77


def main():
    pattern, command = sys.argv[1], sys.argv[3:]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode("utf-8", "replace")
    said = re.search(f".*(?:{pattern}).*", text)
    if done.returncode in (0, SKIPPED) or said is None:
        print(text[-4000:])
        print(f"the broken hub was not caught: exit {done.returncode}, "
              f"{'nothing' if said is None else repr(said.group(0))} like {pattern!r} was said")
        return 1
    print("caught: " + said.group(0).strip())
    return 0


sys.exit(main())
