#!/usr/bin/env bash
# Does `diff` name what got slower, and nothing else? Makes one recording with this build and one with
# a build in which `async-semaphore` sleeps 5 ms for each request, and compares them.
#
# One of three tries must call the patched cell slower and no other. Another cell may be called slower
# by chance (a 95 % interval is not a certainty, and the machine may change between two recordings),
# and on a busy machine the patched cell may be inconclusive. It must never be called anything else.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tree"
"$root/tests/copy-tree.sh" "$work/tree"
model=$work/tree/src/strategy/model/async_semaphore.rs
sed -i 's|^\( *\)request.send().await;|\1tokio::time::sleep(std::time::Duration::from_millis(5)).await;\n&|' "$model"
grep -q 'from_millis(5)' "$model" || { echo "the patch did not apply"; exit 1; }
cd "$root"
cargo build --locked --release
cp "$target/release/inflight" "$work/base"
# A copy of what is compiled already: in the same folder, cargo would take the patched tree for this
# one from then on, since it tells workspaces apart by what is in them and not by where they are.
mkdir "$work/target"
cp -a "$target/release" "$work/target/"
(cd "$work/tree" && CARGO_TARGET_DIR="$work/target" cargo build --locked --release)
cp "$work/target/release/inflight" "$work/patched"
cd "$work"

record() { # BINARY FOLDER
  "$1" run --quiet --out "$2" --reports "$2-reports" "$root/tests/fixtures/patched-build.toml" || [[ $? == 5 ]] || exit 1
  echo "$2"/*/*-patched-build-*/
}

for try in 1 2 3; do
  base=$(record "$work/base" "results-base$try")
  new=$(record "$work/patched" "results-new$try")
  code=0
  "$work/base" diff "$base" "$new" || code=$?
  "$work/base" diff "$base" "$new" --format csv > table.csv || true
  shown=0
  "$root/tests/only-slower.py" "async, limited" "$code" slower < table.csv || shown=$?
  [[ $shown == 3 ]] || exit "$shown"
done
echo "in no try was the patched cell the only one called slower"
exit 1
