#!/usr/bin/env bash
# How often is a build called slower than itself? Records the quickstart eleven times and compares
# each recording with the one before: at least nine of ten comparisons must call no cell slower.
# Takes six minutes; not part of CI.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
(cd "$root" && cargo build --locked --release)
inflight=$target/release/inflight
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
clean=0
before=
for n in $(seq -w 0 10); do
  "$inflight" run --quiet --out "r$n" --reports "r$n-reports" "$root/experiments/quickstart.toml" || [[ $? == 5 ]]
  now=$(echo "r$n"/*/*-quickstart-*/)
  if [[ -n $before ]]; then
    code=0
    "$inflight" diff "$before" "$now" > diff.txt || code=$?
    tail -n 1 diff.txt
    [[ $code == 0 ]] && clean=$((clean + 1))
    # Anything but 0 and 1 is no answer to the question.
    [[ $code == 0 || $code == 1 ]] || { cat diff.txt; exit 1; }
  fi
  before=$now
done
echo "$clean of 10 comparisons of a build with itself call nothing slower"
[[ $clean -ge 9 ]]
