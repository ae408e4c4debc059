#!/usr/bin/env bash
# Counts the instructions of the runtime's operations and compares them with the recorded counts.
#
#   cost/measure.sh            compares; fails if a count has moved by more than the tolerance
#   cost/measure.sh --record   records the counts of now
#
# Instructions and not time: the count of one thread's path is the same on a busy machine. It does
# depend on the compiler and the C library, which is why the file names them.
set -euo pipefail

readonly TOLERANCE=2 # per cent
readonly TRIES=3
readonly OPERATIONS="dispatch join in-place-join compute nested scope"

here=$(cd "$(dirname "$0")" && pwd)
readonly recorded="$here/recorded.txt"

case "${1-}" in
"" | --record) ;;
*)
    echo "usage: cost/measure.sh [--record]" >&2
    exit 2
    ;;
esac

if ! command -v valgrind >/dev/null; then
    echo "valgrind is not installed; it counts the instructions (Debian: apt-get install valgrind)" >&2
    exit 2
fi

cd "$here/.."
cargo build --quiet --release --bin cost
readonly program="${CARGO_TARGET_DIR:-target}/release/cost"

# Prints the instructions of one operation. The least of several tries is the one without a thread
# switch in it. An empty environment, because what is on the stack can move what the loader does.
count() {
    local least="" output operations instructions
    for _ in $(seq "$TRIES"); do
        output=$(env -i "$(command -v valgrind)" --tool=callgrind --callgrind-out-file=/dev/null \
            --toggle-collect='cost::measured*' "$program" "$1" 2>&1) || {
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

if [ "${1-}" = --record ]; then
    {
        echo "# Instructions of one operation, by cost/measure.sh --record"
        echo "# $(rustc --version), $(ldd --version | head -n 1)"
        for operation in $OPERATIONS; do
            echo "$operation $(count "$operation")"
        done
    } >"$recorded.new"
    mv "$recorded.new" "$recorded"
    cat "$recorded"
    exit
fi

if [ ! -e "$recorded" ]; then
    echo "$recorded is missing; cost/measure.sh --record makes it" >&2
    exit 2
fi

moved=0
printf '%-14s %10s %10s %9s\n' operation recorded now moved
for operation in $OPERATIONS; do
    before=$(awk -v operation="$operation" '$1 == operation { print $2 }' "$recorded")
    if [ -z "$before" ]; then
        echo "$recorded has no line for $operation; cost/measure.sh --record makes it" >&2
        exit 2
    fi
    now=$(count "$operation")
    change=$(awk -v before="$before" -v now="$now" 'BEGIN { printf "%+.1f", (now / before - 1) * 100 }')
    remark=""
    if awk -v change="$change" -v most="$TOLERANCE" 'BEGIN { exit !(change > most || change < -most) }'; then
        remark=" beyond $TOLERANCE %"
        moved=1
    fi
    printf '%-14s %10s %10s %7s %%%s\n' "$operation" "$before" "$now" "$change" "$remark"
done
if [ "$moved" = 1 ]; then
    echo "If the change is worth it, record the new counts with cost/measure.sh --record." >&2
fi
exit "$moved"
