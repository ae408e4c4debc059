"""Reads Rust sources for the checks beside this file: code without comments, strings and tests."""

import re
from pathlib import Path

_LITERAL = re.compile(
    r"""
      //[^\n]*                                   # line comment
    | /\*.*?\*/                                  # block comment
    | b?r(?P<hashes>\#*)".*?"(?P=hashes)         # raw string
    | b?"(?:\\.|[^"\\])*"                        # string
    | b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^'\\\n])'    # character, and no lifetime
    """,
    re.VERBOSE | re.DOTALL,
)
_TEST = re.compile(r"#\[cfg\((?:test\b|all\(test\b)")


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_literals(text):
    """The text with comments, strings and characters blanked; every line keeps its number."""
    return _LITERAL.sub(lambda match: _blank(match.group()), text)


def _end_of_item(code, start):
    """The index behind the item at `start`: its closing brace, or its semicolon."""
    depth = 0
    for at in range(start, len(code)):
        char = code[at]
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth == 0 and char == "}":
                return at + 1
        elif char == ";" and depth == 0:
            return at + 1
    return len(code)


def without_tests(code):
    """The code with every item under `#[cfg(test)]` blanked."""
    while match := _TEST.search(code):
        end_of_attribute = code.index("]", match.end()) + 1
        end = _end_of_item(code, end_of_attribute)
        code = code[: match.start()] + _blank(code[match.start() : end]) + code[end:]
    return code


def sources(root):
    """All Rust files below `root` but those that hold the tests of another file, sorted."""
    return sorted(file for file in Path(root).rglob("*.rs") if file.name != "tests.rs")
