#!/usr/bin/env bash
# What the attribute adds to a build: the CPU seconds of compiling a crate of 1,000 functions that
# have no attribute, `#[tracing::instrument]`, or `#[background]`.
#
#   build-cost/measure.sh [FUNCTIONS]
#
# Only the crate of the functions counts, not what it depends on. CPU seconds and not time: they are
# nearly the same on a busy machine. The bar: `#[background]` adds no more than `#[instrument]`.
set -euo pipefail

readonly FUNCTIONS=${1:-1000}
readonly SHAPES=20 # functions in shapes.rs, which make one module
readonly TRIES=${TRIES:-3}

here=$(cd "$(dirname "$0")" && pwd)
readonly target="${CARGO_TARGET_DIR:-$here/../../target}/build-cost"
readonly crates="$target/crates"
export CARGO_TARGET_DIR="$target" CARGO_TERM_COLOR=never

# Writes the crate NAME, whose functions have the attribute ATTRIBUTE.
generate() { # generate NAME ATTRIBUTE
    local crate="$crates/$1" module
    mkdir -p "$crate/src"
    cp "$here/root.rs" "$crate/src/lib.rs"
    for module in $(seq $((FUNCTIONS / SHAPES))); do
        echo "pub mod m$module;" >>"$crate/src/lib.rs"
        sed "s/#\[attribute\]/$2/" "$here/shapes.rs" >"$crate/src/m$module.rs"
    done
    cat >"$crate/Cargo.toml" <<MANIFEST
[package]
name = "$1"
version = "0.0.0"
edition = "2024"

[dependencies]
pybackground = { path = "$here/../.." }
tracing = "0.1"
MANIFEST
}

# Prints the least CPU seconds of `cargo COMMAND..` for the crate NAME alone.
seconds() { # seconds NAME COMMAND..
    local name=$1 least="" spent profile=dev
    shift
    [[ " $* " != *" --release "* ]] || profile=release
    cargo "$@" --quiet -p "$name"
    for _ in $(seq "$TRIES"); do
        cargo clean --quiet --profile "$profile" -p "$name"
        spent=$(TIMEFORMAT='%U %S' && { time cargo "$@" --quiet -p "$name" 2>&3; } 3>&2 2>&1)
        least=$(awk -v least="$least" '{
            spent = $1 + $2
            print least == "" || spent < least ? spent : least
        }' <<<"$spent")
    done
    echo "$least"
}

rm -rf "$crates"
generate plain ''
generate instrument '#[tracing::instrument]'
generate background '#[pybackground::background]'
printf '[workspace]\nresolver = "3"\nmembers = ["*"]\n' >"$crates/Cargo.toml"
cd "$crates"

printf '%s functions, CPU seconds; in brackets what an attribute adds\n\n' "$FUNCTIONS"
printf '%-22s%8s%20s%20s\n' '' plain '#[instrument]' '#[background]'
for build in check build 'build --release'; do
    # shellcheck disable=SC2086 # the words of a command
    plain=$(seconds plain $build) instrument=$(seconds instrument $build)
    # shellcheck disable=SC2086
    background=$(seconds background $build)
    awk -v build="cargo $build" -v p="$plain" -v i="$instrument" -v b="$background" 'BEGIN {
        printf "%-22s%8.2f%11.2f (%+5.2f)%11.2f (%+5.2f)\n", build, p, i, i - p, b, b - p
    }'
done
