#!/usr/bin/env bash
# Makes docs/timeline.png, the picture of the README, from a run of now. It needs Chromium. How many threads a run has
# decides how high the chart is: HEIGHT=1190 shows more.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# To print where a panic came from takes longer than all the rest.
RUST_BACKTRACE=0 PYBACKGROUND_TIMELINE="$out/run.html" cargo run --quiet --release -p timeline 2>/dev/null
# Chromium's sandbox does not run as root, and what it opens here is this script's own.
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$out/profile" \
    --run-all-compositor-stages-before-draw --virtual-time-budget=5000 \
    --window-size=1240,"${HEIGHT:-1086}" --screenshot="$out/timeline.png" "file://$out/run.html" 2>/dev/null
[ "$(stat -c %s "$out/timeline.png")" -lt 150000 ]
mv "$out/timeline.png" docs/timeline.png
