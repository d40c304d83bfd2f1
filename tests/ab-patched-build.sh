#!/usr/bin/env bash
# Does `ab` name what got slower, and nothing else? Compares a commit with one on top of it that spends
# 300 µs of CPU more on each request in one model, `async-all`.
#
# One of three tries must call the patched cell slower and no other cell different. Another may be called
# different by chance, and on a busy machine the patched cell may be inconclusive. It must never be called
# anything else.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
(cd "$root" && cargo build --locked --release)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tree" "$work/target"
# What is compiled already. A copy, since the binaries of the two commits end up in it.
cp -a "$target/release" "$work/target/"
cp "$target/release/inflight" "$work/inflight"
"$root/tests/copy-tree.sh" "$work/tree"
cd "$work/tree"
commit() {
  git add --all
  git -c user.name=test -c user.email=test@localhost commit --quiet --message "$1"
}
git init --quiet
commit base
model=src/strategy/model/async_all.rs
spin='let until = std::time::Instant::now() + std::time::Duration::from_micros(300); while std::time::Instant::now() < until {}'
sed -i "s|tokio::spawn(work.arrived(index).await.send())|{ $spin & }|" "$model"
grep -q 'from_micros(300)' "$model" || { echo "the patch did not apply"; exit 1; }
commit patched

for try in 1 2 3; do
  code=0
  if [[ $try == 1 ]]; then
    "$work/inflight" ab --base HEAD~1 --new HEAD --target-dir "$work/target" --keep "$work/kept" \
      tests/fixtures/patched-build.toml || code=$?
  else
    "$work/inflight" ab --base-bin "$work"/kept/base-* --new-bin "$work"/kept/new-* \
      tests/fixtures/patched-build.toml || code=$?
  fi
  "$work/inflight" diff @latest --by build --format csv > "$work/table.csv" || true
  shown=0
  "$root/tests/only-slower.py" "async, all at once" "$code" < "$work/table.csv" || shown=$?
  [[ $shown == 3 ]] || exit "$shown"
done
echo "in no try was the patched cell the only one called different"
exit 1
