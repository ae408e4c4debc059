#!/usr/bin/env bash
# What a dependency weighs: the processor seconds of a clean build, and the bytes that it adds to a program.
#
#   weight/measure.sh [CHECKOUT..]   also measures pybackground as it is in other checkouts
#
# Each contender is a package of its own that makes one call and prints its value, built with the default features of what
# it depends on, by `cargo build --release -j1`, from nothing. Processor seconds and not time: they are nearly the same on
# a busy machine. The bytes are those of the stripped program over those of an empty one.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
readonly TRIES=${TRIES:-3}
readonly packages="${CARGO_TARGET_DIR:-$here/../target}/weight"
export CARGO_TERM_COLOR=never
unset CARGO_TARGET_DIR RUSTFLAGS

# Writes the package NAME, which depends on DEPENDENCY. Its program is read from the standard input.
write() { # write NAME DEPENDENCY
    mkdir -p "$packages/$1/src"
    cat >"$packages/$1/src/main.rs"
    cat >"$packages/$1/Cargo.toml" <<MANIFEST
[workspace]

[package]
name = "hello"
version = "0.0.0"
edition = "2024"

[profile.release]
strip = true

[dependencies]
$2
MANIFEST
    # The versions that the other benchmarks have. Cargo removes what is not used.
    cp "$here/../Cargo.lock" "$packages/$1/Cargo.lock"
}

# Prints the least processor seconds of a clean build.
seconds() { # seconds NAME
    local least="" spent
    cd "$packages/$1"
    cargo fetch --quiet
    for _ in $(seq "$TRIES"); do
        rm -rf target
        spent=$(TIMEFORMAT='%U %S' && { time cargo build --quiet --release -j1 2>&3; } 3>&2 2>&1)
        least=$(awk -v least="$least" '{
            spent = $1 + $2
            print least == "" || spent < least ? spent : least
        }' <<<"$spent")
    done
    echo "$least"
}

bytes() { # bytes NAME
    stat -c %s "$packages/$1/target/release/hello"
}

rm -rf "$packages"
write empty '' <<'PROGRAM'
fn main() {}
PROGRAM
write rayon 'rayon = "1"' <<'PROGRAM'
fn main() {
    let (text, ()) = rayon::join(|| format!("hello, {}", "world"), || ());
    println!("{text}");
}
PROGRAM
write tokio 'tokio = { version = "1", features = ["macros", "rt-multi-thread"] }' <<'PROGRAM'
#[tokio::main]
async fn main() {
    let text = tokio::spawn(async { format!("hello, {}", "world") }).await.unwrap();
    println!("{text}");
}
PROGRAM
contenders=(rayon tokio)
for checkout in "$here/../../.." "$@"; do
    checkout=$(cd "$checkout" && pwd)
    name="pybackground"
    [ "$#" = 0 ] || name="pybackground-$(git -C "$checkout" rev-parse --short HEAD)"
    contenders+=("$name")
    write "$name" "pybackground = { path = \"$checkout\" }" <<'PROGRAM'
use pybackground::background;

#[background]
fn hello(name: &str) -> String {
    format!("hello, {name}")
}

fn main() {
    let text = hello("world");
    println!("{text}");
}
PROGRAM
done

empty_seconds=$(seconds empty)
empty_bytes=$(bytes empty)
printf '%-28s%12s%16s\n' "" "build, s" "program, kB"
printf '%-28s%12.1f%16.0f\n' "an empty program" "$empty_seconds" "$((empty_bytes / 1000))"
for name in "${contenders[@]}"; do
    spent=$(seconds "$name")
    printf '%-28s%12.1f%+16.0f\n' "$name" "$spent" "$((($(bytes "$name") - empty_bytes) / 1000))"
done
