#!/usr/bin/env bash
# Do `ab` and `diff` name what got slower, and nothing else? Both compare this build with one of a commit in
# which the model `threads` sleeps 5 ms for each request: `ab` interleaved in one recording, `diff` between a
# recording of each.
#
# One of three tries must call the patched cell slower, and no other cell different (`ab`) or slower (`diff`).
# Another may be called so by chance: a 95 % interval is not a certainty, and the machine may change between two
# recordings. On a busy machine the patched cell may be inconclusive. It must never be called anything else.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
experiment=$root/tests/fixtures/patched-build.toml
patched_cell=threads
(cd "$root" && cargo build --locked --release)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tree" "$work/target"
# A copy of what is compiled already: in the same folder, cargo would take the patched tree for this
# one from then on, since it tells workspaces apart by what is in them and not by where they are.
cp -a "$target/release" "$work/target/"
cp "$target/release/inflight" "$work/base"
"$root/tests/copy-tree.sh" "$work/tree"
cd "$work/tree"
model=src/strategy/model/threads.rs
sed -i 's|work.take(index).send()|{ thread::sleep(std::time::Duration::from_millis(5)); work.take(index).send() }|' "$model"
grep -q 'from_millis(5)' "$model" || { echo "the patch did not apply"; exit 1; }
git init --quiet
git add --all
git -c user.name=test -c user.email=test@localhost commit --quiet --message patched

compare_within() { # TRY
  code=0
  new=(--new HEAD --target-dir "$work/target" --keep "$work/kept")
  [[ $1 == 1 ]] || new=(--new-bin "$work"/kept/new-*)
  "$work/base" ab --base-bin "$work/base" "${new[@]}" "$experiment" || code=$?
  "$work/base" diff @latest --by build --format csv > "$work/table.csv" || true
  "$root/tests/only-slower.py" "$patched_cell" "$code" < "$work/table.csv"
}

record() { # BINARY FOLDER
  "$1" run --quiet --out "$2" --reports "$2-reports" "$experiment" || [[ $? == 5 ]] || return 1
  echo "$2"/*/*-patched-build-*/
}

compare_between() { # TRY
  base=$(record "$work/base" "results-base$1") || return 1
  new=$(record "$work"/kept/new-* "results-new$1") || return 1
  code=0
  "$work/base" diff "$base" "$new" || code=$?
  "$work/base" diff "$base" "$new" --format csv > "$work/table.csv" || true
  "$root/tests/only-slower.py" "$patched_cell" "$code" slower < "$work/table.csv"
}

for compare in compare_within compare_between; do
  for try in 1 2 3; do
    shown=0
    "$compare" "$try" || shown=$?
    [[ $shown == 3 ]] || break
  done
  case $shown in
    0) ;;
    3) echo "$compare: in no try was $patched_cell the only cell called different"; exit 1 ;;
    *) exit "$shown" ;;
  esac
done
