#!/usr/bin/env bash
# Does `ab` name what got slower, and nothing else? Compares a commit with one on top of it that spends
# 300 µs of CPU more on each request in one model, `async-all`.
#
# The patched cell must be called slower every time. That no other cell is may fail once by chance, so
# it has to hold in one of two tries.
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

for try in 1 2; do
  code=0
  if [[ $try == 1 ]]; then
    "$work/inflight" ab --base HEAD~1 --new HEAD --target-dir "$work/target" --keep "$work/kept" \
      experiments/quickstart.toml || code=$?
  else
    "$work/inflight" ab --base-bin "$work"/kept/base-* --new-bin "$work"/kept/new-* \
      experiments/quickstart.toml || code=$?
  fi
  "$work/inflight" diff @latest --by build --format csv > "$work/table.csv" || true
  called=$(python3 -c 'import csv, sys; print("; ".join(r["name"] + " " + r["outcome"] for r in csv.DictReader(sys.stdin) if r["outcome"] not in ("equivalent", "inconclusive")))' < "$work/table.csv")
  echo "try $try: exit $code; called different: ${called:-none}"
  [[ $code == 1 && $called == *"async, all at once slower"* ]] || { echo "the patched cell is not called slower"; exit 1; }
  [[ $called == "async, all at once slower" ]] && exit 0
done
echo "other cells were called different in both tries"
exit 1
