# SPDX-License-Identifier: EUPL-1.2
"""change.py INDEX TO: writes the file of one broken hub, with its one change, to TO."""
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main():
    hub = json.loads((HERE / "broken.json").read_text(encoding="utf-8"))[int(sys.argv[1])]
    text = (HERE.parents[1] / hub["file"]).read_text(encoding="utf-8")
    count = text.count(hub["find"])
    if count != 1:
        sys.exit(f"tests/broken/broken.json: {hub['name']}: \"find\" stands {count} times in {hub['file']}; "
                 "expected once")
    to = Path(sys.argv[2])
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(text.replace(hub["find"], hub["replace"]), encoding="utf-8")


main()
