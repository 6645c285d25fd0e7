#!/usr/bin/env python3
"""Compile FIX dictionaries in QuickFIX's XML form to the compact facts that come with the package.

    python scripts/compile_dictionaries.py FIX40.xml ... FIXT11.xml

The XML files are in the `spec` folder of QuickFIX's source distribution. Each becomes one file in
src/fixwatch/fix/dictionaries. See NOTICE.
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path

from fixwatch.fix.dictionary import VERSIONS, file_name, read_facts

TARGET = Path(__file__).parents[1] / "src" / "fixwatch" / "fix" / "dictionaries"


def main(paths: list[str]) -> int:
    if not paths:
        sys.stderr.write(__doc__ or "")
        return 2
    TARGET.mkdir(exist_ok=True)
    for path in paths:
        facts = read_facts(Path(path))
        version = facts["version"]
        if version not in VERSIONS:
            sys.stderr.write(f"{path}: version {version} is not one of {', '.join(VERSIONS)}\n")
            return 1
        text = json.dumps(facts, separators=(",", ":"), ensure_ascii=False)
        packed = zlib.compress(text.encode(), 9)
        (TARGET / file_name(version)).write_bytes(packed)
        counts = f"{len(facts['fields'])} fields, {len(facts['messages'])} messages"
        sys.stdout.write(f"{version}: {counts}, {len(packed)} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
