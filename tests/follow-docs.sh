#!/usr/bin/env bash
# Follows the pages that add something, literally, in one copy of the tree: writes their files, edits
# their lines, runs their commands. Fails if a page is not true. All edits come before the first command, so
# that what is common to the pages is compiled once.
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
python3 - <<'PY' > "$copy/target/steps.sh"
import re, sys

# Pages, and how many marked blocks each has: one that loses its mark must not go unnoticed.
PAGES = {"docs/adding-a-strategy.md": 6, "docs/extending.md": 28}

def edited(kind, rest, text):
    """Does what a block says. Returns the file that it changes."""
    path = re.match(r"=(\S+)", rest).group(1)
    if kind == "file":
        open(path, "w").write(text)
        return path
    place, line = re.search(r'(after|before|line)="(.*)"', rest).groups()
    lines = open(path).read().splitlines(keepends=True)
    found = [i for i, old in enumerate(lines) if old == line.replace('\\"', '"') + "\n"]
    assert len(found) == 1, f"{line!r} stands {len(found)} times in {path}"
    first = found[0] + (place == "after")
    lines[first : first + (place == "line")] = text
    open(path, "w").write("".join(lines))
    return path

print("set -euxo pipefail")
for page, expected in PAGES.items():
    count = 0
    for section in re.split(r"^## ", open(page).read(), flags=re.M):
        files, added = set(), 0
        for kind, rest, text in re.findall(
            r"^```\w+ (file|insert|replace|run)(.*?)\n(.*?)^```$", section, re.S | re.M
        ):
            count += 1
            if kind == "run":
                print(text)
                continue
            files.add(edited(kind, rest, text))
            added += text.count("\n")
        heading = section.splitlines()[0]
        print(f"{page}: {heading}: {len(files)} files, {added} lines", *sorted(files), file=sys.stderr)
        told = re.search(r": (\d+) files$", heading)
        assert not told or int(told[1]) == len(files), f"{heading!r}, but it edits {sorted(files)}"
    assert count == expected, f"{count} marked blocks in {page}, {expected} expected"
PY
bash "$copy/target/steps.sh"
