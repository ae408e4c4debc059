#!/usr/bin/env python3
"""Checks that imports in pybackground-runtime run one way.

Reads the layers from `layers.txt`, then every `crate::`, `super::` and `self::` path, re-export and
`#[path]` of the runtime outside tests. Fails on an import of a higher layer, on an import between two
modules of a layer whose modules stand apart, and on files that import each other in a circle.
`--at-most N` accepts N faults: as many as are left, so that their number can only fall.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

from rust_source import sources, without_literals, without_tests

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent / "pybackground-runtime" / "src"
MODELS = "models"  # what the model checkers run: tests
TOKEN = re.compile(r"\$?[A-Za-z_]\w*|::|[{}(),;*#\[\]=]|\S")
PATH_ATTRIBUTE = re.compile(r'#\[path\s*=\s*"([^"]+)"\]\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)')


def read_layers():
    """Returns the layer of each module, the name of each layer, and the layers that stand apart."""
    layer_of, names, apart = {}, {}, set()
    for line in (HERE / "layers.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        head, modules = line.split(":")
        number, name = head.split(" ", 1)
        number = int(number)
        if name.endswith(", apart"):
            name = name.removesuffix(", apart")
            apart.add(number)
        names[number] = name
        for module in modules.split():
            layer_of[module] = number
    return layer_of, names, apart


def module_of(file):
    """The path of the module that a file holds: `pool/worker.rs` is `("pool", "worker")`."""
    parts = list(file.relative_to(ROOT).with_suffix("").parts)
    if parts[-1] in ("mod", "lib"):
        parts.pop()
    return tuple(parts)


class File:
    """One source file: its module, its code as tokens, and the names that it takes from elsewhere."""

    def __init__(self, file):
        self.file = file
        self.module = module_of(file)
        text = file.read_text()
        self.code = without_tests(without_literals(text))
        self.lines = self.code.count("\n")
        self.tokens = [(m.group(), m.start()) for m in TOKEN.finditer(self.code)]
        self.uses = []  # (path, name here, is re-export, line)
        self.paths = []  # (path, line)
        self.outside = [
            (match.group(1), self.line(match.start()))
            for match in PATH_ATTRIBUTE.finditer(text)
            if self.code[match.start()] == "#"
        ]
        self._read()

    def line(self, offset):
        return self.code.count("\n", 0, offset) + 1

    def _absolute(self, segments):
        first, rest = segments[0], segments[1:]
        if first in ("crate", "$crate"):
            return tuple(rest)
        base = self.module
        if first == "self":
            return base + tuple(rest)
        while rest and rest[0] == "super":
            base, rest = base[:-1], rest[1:]
        return base[:-1] + tuple(rest)

    def _tree(self, at, prefix):
        """Reads a use tree from token `at`; yields (segments, name), returns the index behind it."""
        found, segments, name = [], list(prefix), None
        while at < len(self.tokens):
            token = self.tokens[at][0]
            if token == "{":
                at += 1
                while self.tokens[at][0] != "}":
                    more, at = self._tree(at, segments)
                    found += more
                    if self.tokens[at][0] == ",":
                        at += 1
                return found, at + 1
            if token in (",", ";", "}"):
                break
            if token == "as":
                name = self.tokens[at + 1][0]
                at += 1
            elif token == "self" and segments:
                pass
            elif token != "::":
                segments.append(token)
            at += 1
        found.append((segments, name or segments[-1]))
        return found, at

    def _read(self):
        at = 0
        while at < len(self.tokens):
            token, offset = self.tokens[at]
            if token == "use":
                before = self.tokens[at - 1][0] if at else ""
                is_public = before in ("pub", ")")
                found, at = self._tree(at + 1, [])
                for segments, name in found:
                    if segments[0] in ("crate", "super", "self") and len(segments) > 1:
                        path = self._absolute(segments)
                    elif self.module + (segments[0],) in MODULES:
                        path = self.module + tuple(segments)
                    else:
                        continue
                    self.uses.append((path, name, is_public, self.line(offset)))
                continue
            if token in ("crate", "$crate", "super") and self._starts_path(at):
                segments, at = self._plain(at)
                self.paths.append((self._absolute(segments), self.line(offset)))
                continue
            if (
                self.module + (token,) in MODULES
                and self._starts_path(at)
            ):
                segments, at = self._plain(at)
                self.paths.append((self.module + tuple(segments), self.line(offset)))
                continue
            at += 1

    def _starts_path(self, at):
        before = [self.tokens[i][0] if i >= 0 else "" for i in (at - 1, at - 2)]
        is_visibility = before[0] == "in" or (before[0] == "(" and before[1] == "pub")
        follows = at + 1 < len(self.tokens) and self.tokens[at + 1][0] == "::"
        return follows and before[0] != "::" and not is_visibility

    def _plain(self, at):
        segments = [self.tokens[at][0]]
        at += 1
        while (
            at + 1 < len(self.tokens)
            and self.tokens[at][0] == "::"
            and re.match(r"\w", self.tokens[at + 1][0])
        ):
            segments.append(self.tokens[at + 1][0])
            at += 2
        return segments, at


MODULES = {}
for source in sources(ROOT):
    MODULES[module_of(source)] = source
FILES = {
    module: File(source) for module, source in MODULES.items() if MODELS not in module
}


def resolve(path, depth=0):
    """The module whose file defines what `path` names, through re-exports."""
    module, rest = (), list(path)
    while rest and module + (rest[0],) in MODULES:
        module += (rest.pop(0),)
    file = FILES.get(module)
    if file is None or not rest or rest[0] == "*" or depth > 8:
        return module
    globs = []
    for target, name, _, _ in file.uses:
        if name == rest[0]:
            return resolve(target + tuple(rest[1:]), depth + 1)
        if name == "*":
            globs.append(target[:-1])
    defined = re.search(rf"\b(?:fn|struct|enum|trait|type|const|static|macro_rules!|mod)\s+(?:mut\s+)?{rest[0]}\b", file.code)
    if not defined:
        for target in globs:
            there = resolve(target + tuple(rest), depth + 1)
            if FILES.get(there) and re.search(rf"\b{rest[0]}\b", FILES[there].code):
                return there
    return module


def imports():
    """Yields (importing module, imported module, line) for each path that leaves its file."""
    for module, file in FILES.items():
        is_map = file.file.name in ("mod.rs", "lib.rs")
        for path, name, is_public, line in file.uses:
            if is_map and is_public:
                target = resolve(path)
                if target[:1] == module[:1] or not module:
                    continue  # a folder's map re-exports its files
            yield module, resolve(path), line
        for path, line in file.paths:
            yield module, resolve(path), line
        for path, line in file.outside:
            yield module, module_of((file.file.parent / path).resolve()), line


def circles(edges):
    """The sets of files that import each other, directly or through others (Tarjan, iterative)."""
    index, low, on_stack, stack, found = {}, {}, set(), [], []
    for root in list(edges):
        if root in index:
            continue
        work = [(root, iter(sorted(edges[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, successors = work[-1]
            for successor in successors:
                if successor not in index:
                    index[successor] = low[successor] = len(index)
                    stack.append(successor)
                    on_stack.add(successor)
                    work.append((successor, iter(sorted(edges.get(successor, ())))))
                    break
                if successor in on_stack:
                    low[node] = min(low[node], index[successor])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    circle = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        circle.append(member)
                        if member == node:
                            break
                    if len(circle) > 1:
                        found.append(sorted(circle))
    return found


def main():
    layer_of, names, apart = read_layers()
    faults, edges, count = [], defaultdict(set), 0
    for module in FILES:
        top = module[0] if module else "lib"
        if top not in layer_of:
            faults.append(f"{top}: in no layer of tools/layers.txt")
    for source, target, line in imports():
        count += 1
        if source == target or target not in FILES:
            continue
        edges[source].add(target)
        from_top, to_top = (m[0] if m else "lib" for m in (source, target))
        upper, lower = layer_of.get(from_top, 0), layer_of.get(to_top, 0)
        where = f"{FILES[source].file.relative_to(ROOT)}:{line}"
        if lower > upper:
            faults.append(
                f"{where}: `{from_top}` ({upper}, {names[upper]}) imports `{to_top}` ({lower}, {names[lower]})"
            )
        elif upper == lower and upper in apart and from_top != to_top:
            faults.append(f"{where}: `{from_top}` imports `{to_top}`, and these two stand apart")
    for circle in circles(edges):
        text = ", ".join("/".join(module) or "lib" for module in circle)
        faults.append(f"{len(circle)} files import each other in a circle: {text}")
    per_layer = defaultdict(int)
    for module in FILES:
        per_layer[layer_of.get(module[0] if module else "lib", 0)] += 1
    for number, files in sorted(per_layer.items()):
        if 4 * files > len(FILES):
            faults.append(f"layer {number} ({names.get(number)}) holds {files} of {len(FILES)} files, more than a quarter")
    for fault in sorted(set(faults)):
        print(fault)
    print(f"{count} imports read in {len(FILES)} files, {len(set(faults))} against the layers")
    return 1 if len(set(faults)) > at_most() else 0


def at_most():
    """The number of faults that the command line accepts."""
    return int(sys.argv[sys.argv.index("--at-most") + 1]) if "--at-most" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
