#!/usr/bin/env bash
# Counts the instructions of an operation without the feature `timeline`, with it, and while calls are recorded.
#
# The clock is not in the counts: valgrind asks the system for the time, which a program reads by itself otherwise
# (some 20 ns on the machine of the README). A call has three readings: when it is made, starts and ends.
#
# Fails if the feature alone costs an operation more than MOST_OFF instructions, or the recording more than MOST_ON.
set -euo pipefail

readonly TRIES=3
readonly OPERATIONS="dispatch join in-place-join compute"
# A branch at each event, of which `in-place-join` has six, and the fields that a task has for its events: they make it
# so large that the compiler calls for a copy of it.
readonly MOST_OFF=110
# With some 130 for filling a new part of the buffer with zeros, which an emptied one does not need.
readonly MOST_ON=640
# So that the allocator keeps what is given back. Joining it with its neighbours takes a number of instructions that depends
# on the size of a task.
readonly TUNABLES=glibc.malloc.tcache_count=60000

cd "$(dirname "$0")/.."
if ! command -v valgrind >/dev/null; then
    echo "valgrind is not installed; it counts the instructions (Debian: apt-get install valgrind)" >&2
    exit 2
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
readonly out target="${CARGO_TARGET_DIR:-target}"
cargo build --quiet --release --bin cost
cp "$target/release/cost" "$out/without"
cargo build --quiet --release --bin cost --features timeline
cp "$target/release/cost" "$out/with"

# Prints the instructions of one operation: the least of several tries.
count() {
    local output operations instructions least=""
    for _ in $(seq "$TRIES"); do
        output=$(env -i GLIBC_TUNABLES="$TUNABLES" "$(command -v valgrind)" --tool=callgrind --callgrind-out-file=/dev/null \
            --toggle-collect='cost::measured*' "$@" 2>&1) || {
            echo "$output" >&2
            return 1
        }
        operations=$(grep -E '^[0-9]+$' <<<"$output")
        instructions=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' <<<"$output")
        if [ -z "$least" ] || [ "$instructions" -lt "$least" ]; then
            least=$instructions
        fi
    done
    awk -v all="$least" -v operations="$operations" 'BEGIN { printf "%.1f\n", all / operations }'
}

failed=0
printf '%-14s %9s %9s %9s %11s %11s\n' operation without with recorded "off: more" "on: more"
for operation in $OPERATIONS; do
    without=$(count "$out/without" "$operation")
    with=$(count "$out/with" "$operation")
    recorded=$(count "$out/with" "$operation" "$out/run.html")
    awk -v name="$operation" -v a="$without" -v b="$with" -v c="$recorded" -v off="$MOST_OFF" -v on="$MOST_ON" 'BEGIN {
        bad = b - a > off || c - b > on
        printf "%-14s %9s %9s %9s %+11.1f %+11.1f%s\n", name, a, b, c, b - a, c - b, bad ? "  too many" : ""
        exit bad
    }' || failed=1
done
exit "$failed"
