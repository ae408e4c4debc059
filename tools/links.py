#!/usr/bin/env python3
"""Checks the links of the Markdown pages that a forge shows, and those of the built documentation.

The pages of the guide are read in two places. `src/guide/links*.md` has the targets of their links in
rustdoc, and a page ends with the targets of the same links on a forge. `--write` writes these ends.

Fails on a relative link to a file or heading that does not exist, on a link into the crate that only rustdoc
can follow, on a link without a target, on a page without a title, and on a fence without a language.
`--docs target/doc` also checks that the built documentation has what the pages and its own pages link to.
"""

import re
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "docs/guide"
DOCUMENTATION = "https://docs.rs/pybackground/latest/"
STANDARD = "https://doc.rust-lang.org/std/"
FOOT = "<!-- The targets of the links above, where rustdoc does not set them. `tools/links.py --write` writes them. -->"

DEFINITION = re.compile(r"^\[([^\]]+)\]: (\S+)$", re.M)
FENCE = re.compile(r"^([ \t]*)```([^\n]*)\n(.*?)^[ \t]*```[ \t]*$", re.M | re.S)
TEXT = r"\[((?:[^\[\]`]|`[^`]*`)+)\]"
INLINE = re.compile(r"\]\(([^)\s]+)\)")
REFERENCE = re.compile(TEXT + r"(?:\[([^\]]+)\])?(?![(\]])")


def shown_pages():
    """The Markdown files of the repository, but for those that are parts of a documentation comment."""
    for page in sorted(ROOT.rglob("*.md")):
        folders = page.relative_to(ROOT).parts[:-1]
        if "target" not in folders and ("src" not in folders or page.name == "README.md"):
            yield page


def table():
    """The target in rustdoc of each link of the guide."""
    targets = {}
    for file in sorted((ROOT / "src/guide").glob("links*.md")):
        targets |= dict(DEFINITION.findall(file.read_text()))
    return targets


def forge_target(target, targets):
    """Where a forge finds the target of a link in rustdoc, as `method@crate::Lazy::join`."""
    kind, path = target.split("@") if "@" in target else ("mod", target)
    path, _, anchor = path.partition("#")
    anchor = anchor and f"#{anchor}"
    root, *names = path.split("::")
    base = {"crate": DOCUMENTATION + "pybackground/", "std": STANDARD}[root]
    if kind == "mod":
        if names[:1] == ["guide"]:
            return f"{names[1]}.md{anchor}"
        return base + "".join(f"{name}/" for name in names) + "index.html" + anchor
    if kind == "method":
        *names, name = names
        kind = targets[f"`{names[-1]}`"].split("@")[0]
        anchor = f"#method.{name}"
    *folders, name = names
    kind = "attr" if kind == "macro" else kind
    return base + "".join(f"{folder}/" for folder in folders) + f"{kind}.{name}.html{anchor}"


def without_code(text):
    """`text` without fenced code, and without inline code that is not the whole text of a link."""
    text = FENCE.sub("", text)

    def emptied(code):
        is_link = text[code.start() - 1 : code.start()] == "[" and text[code.end() : code.end() + 1] == "]"
        return code[0] if is_link else "code"

    return re.sub(r"``.+?``|`[^`]+`", emptied, text)


def anchors(text):
    """The anchors that a forge gives to the headings of a page."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.M):
        heading = re.sub(r"\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])?", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", heading).replace(" ", "-"))
    return found


def with_foot(text, targets):
    """A page of the guide, with the targets of its links at its end."""
    body = text.split(FOOT)[0].rstrip("\n")
    prose = without_code(body)
    used = {label or name for name, label in REFERENCE.findall(prose)} & targets.keys()
    used = sorted(used, key=lambda label: (not label.startswith("`"), label.lower()))
    if not used:
        return body + "\n"
    return "\n".join([body, "", FOOT, *(f"[{label}]: {forge_target(targets[label], targets)}" for label in used), ""])


def faults_of(page, text, targets):
    """What is wrong with a page, and the targets in the documentation that it links to."""
    faults, documented = [], []
    if page.is_relative_to(GUIDE) and text != with_foot(text, targets):
        faults.append("its last lines are not the targets of its links: run `tools/links.py --write`")
    if not page.parent.match(".github*") and page.parent.name != "ISSUE_TEMPLATE" and not text.startswith("# "):
        faults.append("its first line is not a title")
    for indent, language, code in FENCE.findall(text):
        if not language.strip():
            faults.append(f"a fence has no language: {code.strip().splitlines()[0] if code.strip() else ''}")
        if language.startswith("rust") and re.search(r"^\s*# ", code, re.M):
            faults.append(f"a forge shows a line that rustdoc hides: {re.search(r'^ *# .*', code, re.M)[0]}")
    if text.count("```") % 2:
        faults.append("a fence does not end")
    prose = without_code(text)
    defined = dict(DEFINITION.findall(prose))
    for name, label in REFERENCE.findall(DEFINITION.sub("", prose)):
        if (label or name.startswith("`")) and (label or name) not in defined and name not in (" ", "x"):
            faults.append(f"a link has no target: [{name}]" + (f"[{label}]" if label else ""))
    for target in INLINE.findall(prose) + list(defined.values()):
        path, _, anchor = target.partition("#")
        if target.startswith(DOCUMENTATION):
            documented.append(target.removeprefix(DOCUMENTATION))
        elif re.match(r"https?:", target):
            continue
        elif re.match(r"(\w+@)?(crate|super|self|std)\b", target):
            faults.append(f"only rustdoc can follow {target}")
        else:
            file = (page.parent / unquote(path)).resolve() if path else page
            if not file.exists():
                faults.append(f"there is no {target}")
            elif anchor and anchor not in anchors(file.read_text()):
                faults.append(f"there is no heading {target}")
    return faults, documented


class Documentation:
    """What `cargo doc` built."""

    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        self.ids = {}

    def has(self, file, anchor):
        """Whether a page is there, with that anchor."""
        if file not in self.ids:
            self.ids[file] = set(re.findall(r'\bid="([^"]+)"', file.read_text())) if file.is_file() else None
        ids = self.ids[file]
        return ids is not None and (not anchor or file.suffix != ".html" or anchor in ids)

    def dead(self):
        """The dead links of its pages, without those to hidden methods and those in the words of other crates."""
        for page in sorted((self.folder / "pybackground").rglob("*.html")):
            text = page.read_text().split('id="blanket-implementations"')[0]
            for name in re.findall(r"\[<code>([^<]+)</code>\]", text):
                yield f"{page.relative_to(self.folder)}: a link has no target: {name}"
            for target in sorted(set(re.findall(r'<a [^>]*?href="([^"]+)"', text))):
                path, _, anchor = target.partition("#")
                if re.match(r"\w+:[^:]", target) or "/src/" in path or anchor.startswith("tymethod."):
                    continue
                file = (page.parent / unquote(path)).resolve() if path else page
                if not self.has(file, anchor):
                    yield f"{page.relative_to(self.folder)}: there is no {target}"


def main(arguments):
    targets = table()
    if arguments == ["--write"]:
        for page in GUIDE.glob("*.md"):
            page.write_text(with_foot(page.read_text(), targets))
    docs = Documentation(arguments[1]) if arguments[:1] == ["--docs"] else None
    faults = []
    for page in shown_pages():
        found, documented = faults_of(page, page.read_text(), targets)
        for target in documented if docs else []:
            path, _, anchor = target.partition("#")
            if not docs.has(docs.folder / path, anchor):
                found.append(f"the documentation has no {target}")
        faults += [f"{page.relative_to(ROOT)}: {fault}" for fault in found]
    if docs:
        faults += docs.dead()
    print("\n".join(faults), end="\n" if faults else "")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
