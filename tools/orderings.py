#!/usr/bin/env python3
"""Checks that each atomic ordering stronger than `Relaxed` says why.

Outside tests, a line with `Acquire`, `Release`, `AcqRel` or `SeqCst` needs a comment with `ORDERING:` on
it or above it in the same function. `--at-most N` accepts N lines without: as many as are left, so that their
number can only fall.
"""

import re
import sys
from pathlib import Path

from rust_source import sources, without_literals, without_tests

ROOT = Path(__file__).resolve().parent.parent
STRONG = re.compile(r"\bOrdering::(?:Acquire|Release|AcqRel|SeqCst)\b|\bfence\(\s*(?:Acquire|Release|AcqRel|SeqCst)")
FUNCTION = re.compile(r"\bfn\s+\w+")
REACH = 12  # lines that a label covers


def faults_in(file):
    """The numbers of the lines that have a strong ordering and no label."""
    text = file.read_text()
    code = without_tests(without_literals(text)).splitlines()
    lines = text.splitlines()
    found = []
    for number, line in enumerate(code):
        if not STRONG.search(line):
            continue
        for above in range(number, max(number - REACH, -1), -1):
            if "ORDERING:" in lines[above]:
                break
            if above < number and FUNCTION.search(code[above]):
                # A label may stand in the comment right above the function.
                doc = above - 1
                while doc >= 0 and re.match(r"\s*(//|#)", lines[doc]):
                    doc -= 1
                if not any("ORDERING:" in text for text in lines[doc + 1 : above]):
                    found.append(number + 1)
                break
        else:
            found.append(number + 1)
    return found


def main():
    count, faults = 0, 0
    for crate in ("src", "pybackground-runtime/src", "pybackground-macros/src"):
        for file in sources(ROOT / crate):
            if "models" in file.parts or file.name.endswith("_model.rs") or file.name == "model.rs":
                continue
            code = without_tests(without_literals(file.read_text()))
            count += len(STRONG.findall(code))
            for line in faults_in(file):
                faults += 1
                print(f"{file.relative_to(ROOT)}:{line}: a strong ordering without `ORDERING:`")
    print(f"{count} orderings stronger than Relaxed, {faults} without a label")
    at_most = int(sys.argv[sys.argv.index("--at-most") + 1]) if "--at-most" in sys.argv else 0
    return 1 if faults > at_most else 0


if __name__ == "__main__":
    sys.exit(main())
