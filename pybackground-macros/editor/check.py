#!/usr/bin/env python3
"""Asks rust-analyzer about half typed functions under `#[background]`.

    rustup component add rust-analyzer
    pybackground-macros/editor/check.py

Writes a small crate whose functions are half typed, opens it in rust-analyzer as an editor does, and checks
that completion, hover, signature help and "go to definition" work inside the functions.
"""

import json
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 600  # seconds, the build of the procedural macro included

# `/*NAME*/` marks the position of a request.
SOURCE = """
use pybackground::background;

fn helper(count: usize) -> usize {
    count
}

#[background]
fn whole(text: &str) -> usize {
    let size = text.len();
    size/*hover*/ + helper/*definition*/(size/*signature*/)
}

#[background(timeout = "2s")]
fn half_typed_body(text: &str) -> usize {
    text./*body*/
}

#[background]
fn half_typed_expression(text: &str) -> usize {
    let length = text.len();
    length/*expression_hover*/ + helper/*expression_definition*/(length/*expression_signature*/) +
}

#[background]
fn half_typed_signature(text: &str, other: ) -> usize {
    let letters = text.len();
    letters/*parameter_hover*/ + helper/*parameter_definition*/(letters/*parameter_signature*/)
}

#[background]
async fn half_typed_async_body(numbers: Vec<u8>) -> usize {
    numbers./*async*/
}

#[background]
fn half_typed_parameter(text: &str, other: ) -> usize {
    text./*parameter*/
}

#[background]
fn missing_parameter(text: &str,, other: u8) -> usize {
    text./*comma*/
}

#[background]
fn half_typed_result(text: &str) -> {
    text./*result*/
}

#[background(timeou)]
fn half_typed_option(text: &str) -> usize {
    text./*option*/
}

#[background]
fn refused(text: &mut String) -> usize {
    text./*refused*/
}

#[derive(Clone)]
struct Type {
    field: u8,
}

impl Type {
    #[background]
    fn method(&self) -> u8 {
        self./*receiver*/
    }
}

fn caller() {
    whole(/*call*/);
}
"""

MANIFEST = f"""
[package]
name = "half-typed"
version = "0.0.0"
edition = "2024"

[dependencies]
pybackground = {{ path = "{ROOT}" }}

[workspace]
"""


class Server:
    """rust-analyzer, spoken to over its standard streams."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            ["rust-analyzer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder
        )
        self.last = 0

    def send(self, message):
        text = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(text), text))
        self.process.stdin.flush()

    def receive(self):
        length = 0
        while (line := self.process.stdout.readline().strip()):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if not length:
            sys.exit("rust-analyzer ended")
        message = json.loads(self.process.stdout.read(length))
        if "id" in message and "method" in message:
            self.send({"id": message["id"], "result": None})  # a request of the server
        return message

    def request(self, method, params):
        self.last += 1
        self.send({"id": self.last, "method": method, "params": params})
        while True:
            message = self.receive()
            if message.get("id") == self.last and "method" not in message:
                return message.get("result")

    def wait_until_quiescent(self):
        while True:
            message = self.receive()
            if message.get("method") == "experimental/serverStatus" and message["params"]["quiescent"]:
                return


def positions(source):
    """The source without marks, and the line and column of each."""
    found = {}
    while mark := re.search(r"/\*(\w+)\*/", source):
        before = source[: mark.start()]
        found[mark[1]] = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        source = before + source[mark.end() :]
    return source, found


def main():
    signal.alarm(PATIENCE)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder).resolve()
        (folder / "src").mkdir()
        (folder / "Cargo.toml").write_text(MANIFEST)
        source, marks = positions(SOURCE)
        file = folder / "src" / "lib.rs"
        file.write_text(source)
        server = Server(folder)
        document = {"uri": file.as_uri()}
        server.request(
            "initialize",
            {
                "processId": None,
                "rootUri": folder.as_uri(),
                "capabilities": {"experimental": {"serverStatusNotification": True}},
                "initializationOptions": {"checkOnSave": False},
            },
        )
        server.send({"method": "initialized", "params": {}})
        server.send(
            {
                "method": "textDocument/didOpen",
                "params": {"textDocument": {**document, "languageId": "rust", "version": 1, "text": source}},
            }
        )
        server.wait_until_quiescent()

        def ask(what, mark):
            return server.request(f"textDocument/{what}", {"textDocument": document, "position": marks[mark]})

        def completes(mark, label):
            answer = ask("completion", mark)
            items = answer["items"] if isinstance(answer, dict) else answer or []
            return any(item["label"].startswith(label) for item in items)

        def hovers(mark, text):
            return text in json.dumps(ask("hover", mark))

        def helps(mark, text):
            return text in json.dumps(ask("signatureHelp", mark))

        def defined_at(mark, line):
            targets = ask("definition", mark) or []
            return any((t.get("targetRange") or t["range"])["start"]["line"] == line for t in targets)

        helper = source[: source.index("fn helper")].count("\n")
        for name, mark in marks.items():
            if name.endswith(("definition", "hover")):
                mark["character"] -= 1
        checks = {
            "hover in a body shows a type": lambda: hovers("hover", "usize"),
            "go to definition from a body": lambda: defined_at("definition", helper),
            "signature help in a body": lambda: helps("signature", "fn helper(count: usize)"),
            "hover in a half typed expression": lambda: hovers("expression_hover", "length: usize"),
            "go to definition from a half typed expression": lambda: defined_at("expression_definition", helper),
            "signature help in a half typed expression": lambda: helps("expression_signature", "fn helper(count: usize)"),
            "hover below a half typed parameter": lambda: hovers("parameter_hover", "letters: usize"),
            "go to definition below a half typed parameter": lambda: defined_at("parameter_definition", helper),
            "signature help below a half typed parameter": lambda: helps("parameter_signature", "fn helper(count: usize)"),
            "signature help for a call": lambda: helps("call", "text: &str"),
            "completion in a half typed body": lambda: completes("body", "trim"),
            "completion in a half typed async body": lambda: completes("async", "push"),
            "completion on `self`": lambda: completes("receiver", "field"),
            "completion with a half typed parameter": lambda: completes("parameter", "trim"),
            "completion with a missing parameter": lambda: completes("comma", "trim"),
            "completion with a half typed result": lambda: completes("result", "trim"),
            "completion with a half typed option": lambda: completes("option", "trim"),
            "completion in a refused function": lambda: completes("refused", "push_str"),
        }
        failed = 0
        for name, check in checks.items():
            works = check()
            failed += not works
            print("works: " if works else "FAILS: ", name)
        server.process.kill()
        sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
