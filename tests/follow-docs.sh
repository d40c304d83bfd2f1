#!/usr/bin/env bash
# Follows docs/adding-a-strategy.md literally in a copy of the tree: writes its files, inserts its
# lines, runs its commands. Fails if the page is not true.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
"$root/tests/copy-tree.sh" "$copy"
# A copy of what is compiled already, as what is built here must not be taken for this tree later.
target=${CARGO_TARGET_DIR:-$root/target}
mkdir "$copy/target"
[[ ! -d $target/debug ]] || cp -a "$target/debug" "$copy/target/"
export CARGO_TARGET_DIR="$copy/target"
cd "$copy"
python3 - docs/adding-a-strategy.md <<'PY' > steps.sh
import re, shlex, sys
page = open(sys.argv[1]).read()
blocks = re.findall(r"^```(\w+) (file|insert|run)(.*?)\n(.*?)^```$", page, re.S | re.M)
assert len(blocks) == 6, f"{len(blocks)} marked blocks, 6 expected"
print("set -euxo pipefail")
for _, kind, rest, text in blocks:
    if kind == "run":
        print(text)
        continue
    path = re.match(r"=(\S+)", rest).group(1)
    if kind == "file":
        open(path, "w").write(text)
    else:
        after = re.search(r'after="(.*)"', rest).group(1) + "\n"
        old = open(path).read()
        assert old.count(after) == 1, f"{after!r} stands {old.count(after)} times in {path}"
        open(path, "w").write(old.replace(after, after + text))
PY
bash steps.sh
