#!/usr/bin/env bash
# How often does `ab` call a build slower or faster than itself? Twenty comparisons of this build with
# itself on a shortened quickstart, five cells each: at most one cell in twenty may be called either.
# Prints the table of docs/method/statistics.md. Takes nine minutes; not part of CI.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
(cd "$root" && cargo build --locked --release)
inflight=$target/release/inflight
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cells=0
called=0
echo '| run | slower | faster | equivalent | inconclusive | farthest ratio (95 % interval) |'
echo '| --- | --- | --- | --- | --- | --- |'
for n in $(seq 1 20); do
  code=0
  "$inflight" ab --base-bin "$inflight" --new-bin "$inflight" --quiet --blocks 10 \
    --set workload.time_scale=0.4 "$root/experiments/quickstart.toml" || code=$?
  # Slower, and failed or invalid trials, are answers to the question; anything else is none.
  [[ $code == 0 || $code == 1 ]] || exit "$code"
  "$inflight" diff @latest --by build --format csv > "$n.csv" || true
  python3 - "$n" <<'PYTHON'
import csv, math, sys
n = sys.argv[1]
rows = list(csv.DictReader(open(f"{n}.csv")))
count = lambda word: sum(r["outcome"] == word for r in rows)
with_ratio = [r for r in rows if r["ratio"]]
far = max(with_ratio, key=lambda r: abs(math.log(float(r["ratio"]))))
ratio = "{ratio:.3f} ({low:.3f} to {high:.3f})".format(
    ratio=float(far["ratio"]), low=float(far["ratio_low"]), high=float(far["ratio_high"]))
print(f"| {n} | {count('slower')} | {count('faster')} | {count('equivalent')} | {count('inconclusive')} | {far['name']}: {ratio} |")
PYTHON
  of() { awk -F, -v word="$1" '$1 == word' "$n.csv" | wc -l; }
  cells=$((cells + $(($(wc -l < "$n.csv") - 1))))
  called=$((called + $(of slower) + $(of faster) + $(of "newly failing") + $(of "failing more often") + $(of fixed) +
    $(of "failing less often")))
done
echo "$called of $cells cells called slower or faster"
[[ $((called * 20)) -le $cells ]]
