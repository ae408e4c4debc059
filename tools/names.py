#!/usr/bin/env python3
"""Checks that no two types of pybackground-runtime have the same name.

Reads the structs, enums, traits, unions and type aliases outside tests and models. Exempt are definitions of which
each build has one (behind a `cfg` beside another in the same folder, or in `process/system`), an alias of the type of
the same name, and the types of `sync`, which are named after those of `std` that they stand for.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

from rust_source import sources, without_literals, without_tests

ROOT = Path(__file__).resolve().parent.parent / "pybackground-runtime" / "src"
DEFINITION = re.compile(
    r"^(?P<above>(?:[ \t]*#\[[^\n]*\]\n)*)"
    r"[ \t]*(?:pub(?:\([^)]*\))?\s+)?(?:unsafe\s+)?"
    r"(?P<kind>struct|enum|trait|union|type)\s+(?P<name>[A-Z]\w*)(?P<rest>[^\n]*)",
    re.M,
)


def types_of(file):
    """Yields the name and the line of each type that `file` defines, and whether the definition is behind a `cfg`."""
    code = without_tests(without_literals(file.read_text()))
    for match in DEFINITION.finditer(code):
        kind, name, rest = match["kind"], match["name"], match["rest"]
        line = code[code.rfind("\n", 0, match.start("kind")) + 1 :]
        is_member = kind == "type" and line[0] in " \t"
        is_alias = kind == "type" and re.search(rf"\b{name}(?:Of)?<", rest)
        if not is_member and not is_alias:
            yield name, code.count("\n", 0, match.start("kind")) + 1, "#[cfg(" in match["above"]


def types_in(definitions):
    """How many types the definitions of a name are: all of them behind a `cfg` in one folder are one with the others there."""
    folders = defaultdict(int)
    for path, _, has_cfg in definitions:
        folders[path.parent] += not has_cfg
    return sum(max(1, count) for count in folders.values())


def main():
    definitions = defaultdict(list)
    for file in sources(ROOT):
        path = file.relative_to(ROOT)
        is_model = path.parts[0] == "models" or path.name.endswith("model.rs")
        if is_model or path.parts[0] == "sync" or path.parts[:2] == ("process", "system"):
            continue
        for name, line, has_cfg in types_of(file):
            definitions[name].append((path, line, has_cfg))
    shared = {name: found for name, found in definitions.items() if types_in(found) > 1}
    for name, found in sorted(shared.items()):
        print(f"{name}: {', '.join(f'{path}:{line}' for path, line, _ in found)}")
    print(f"{len(definitions)} names of types, {len(shared)} of more than one type")
    return 1 if shared else 0


if __name__ == "__main__":
    sys.exit(main())
