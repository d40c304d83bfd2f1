#!/usr/bin/env bash
# Does `ab --patch` find work that a library does for each request, and name the cells that use the library
# and no others? Compares this build with one whose ureq is a copy that spends 300 µs of CPU more on each
# request, by the script of action.yml. Only that one is compiled.
#
# The metric is CPU time: ten threads that wait 75 ms for each answer hide 300 µs from the wall time. One of
# three tries must find that both cells of ureq take more and no other cell different. Another may be
# called different by chance, and on a busy machine a cell of ureq may be inconclusive or lose its trials. It
# must never be called anything else. A try has 90 trials of a second at most.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
(cd "$root" && cargo build --locked --release)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/temp" "$work/target"
# What is compiled already. A copy, since the patched binary ends up in it.
cp -a "$target/release" "$work/target/"
cp "$target/release/inflight" "$work/base"
# What other systems need is not here.
host=$(rustc -vV | sed -n 's/^host: //p')
ureq=$(cd "$root" && cargo metadata --offline --locked --filter-platform "$host" --format-version 1 | python3 -c '
import json, os, sys
packages = json.load(sys.stdin)["packages"]
print(*(os.path.dirname(p["manifest_path"]) for p in packages if p["name"] == "ureq"))')
cp -a "$ureq" "$work/ureq"
git init --quiet "$work/ureq"
git -C "$work/ureq" add --all
git -C "$work/ureq" -c user.name=test -c user.email=test@localhost commit --quiet --message published
spin='    let until = std::time::Instant::now() + std::time::Duration::from_micros(300);\n    while std::time::Instant::now() < until {}'
sed -i "s|^    let mut redirect_count = 0;|$spin\n&|" "$work/ureq/src/run.rs"
[[ $(grep -c 'from_micros(300)' "$work/ureq/src/run.rs") == 1 ]] || { echo "the patch did not apply"; exit 1; }

# The script of the action is what stands indented under its only `run: |`.
python3 - "$root/action.yml" > "$work/action.sh" <<'PYTHON'
import re, sys, textwrap
scripts = re.findall(r"^      run: \|\n((?:        .*\n|\n)+)", open(sys.argv[1]).read(), re.M)
assert len(scripts) == 1, f"{len(scripts)} scripts, 1 expected"
print(textwrap.dedent(scripts[0]), end="")
PYTHON
export CARGO_TARGET_DIR=$work/target RUNNER_TEMP=$work/temp
export GITHUB_OUTPUT=$work/output GITHUB_STEP_SUMMARY=$work/summary.md
export ACTION_PATH=$root SOURCE= BASE_PATCH= BASE= NEW= GATE= STRICT=false PATCH=ureq=ureq
export EXPERIMENT=$root/tests/fixtures/patched-build.toml
args=(--metric cpu --blocks 8)
cd "$work"
for try in 1 2 3; do
  code=0
  if [[ $try == 1 ]]; then
    ARGS=$(printf '%s\n' "${args[@]}" --base-bin base --keep kept) bash action.sh > said.txt || code=$?
  else
    temp/inflight-ab ab --base-bin base --new-bin kept/new-* "${args[@]}" "$EXPERIMENT" > said.txt || code=$?
  fi
  cat said.txt
  temp/inflight-ab diff @latest --by build --metric cpu --format csv > table.csv || true
  outcomes=$(python3 - <<'PYTHON'
import csv
rows = list(csv.DictReader(open("table.csv")))
uses_ureq = {"threads", "thread pool"}
assert len(rows) == 3 and uses_ureq < {r["name"] for r in rows}, rows
words = lambda ours: {r["outcome"] for r in rows if (r["name"] in uses_ureq) == ours}
if not words(True) <= {"more", "inconclusive", "not measured"}:
    print("wrong")
elif words(True) == {"more"} and words(False) <= {"equivalent", "inconclusive", "not measured"}:
    print("found")
else:
    print("again")
PYTHON
  )
  echo "try $try: exit $code, $outcomes: $(cut -d, -f1,3 table.csv | tail -n +2 | tr '\n' ';')"
  # The binaries themselves know what they were patched with, and the record has no folder.
  manifest=$(ls -d results/*/*-patched-build-ab-*+ureq@*-dirty/manifest.json | tail -n 1)
  ! grep -qF "$work" "$manifest" || { echo "the record names a folder"; exit 1; }
  case $outcomes in
    wrong) echo "a cell of ureq is called something else than more"; exit 1 ;;
    again) continue ;;
  esac
  [[ $code == 1 ]] || { echo "a worse cell must end with exit code 1"; exit 1; }
  if [[ $try == 1 ]]; then
    [[ $(grep -c '^::error title=thread.*%3A cpu .*::ratio ' said.txt) == 2 ]] || { echo "two annotations are missing"; exit 1; }
    grep -q '| thread pool ' summary.md || { echo "the table is not in the summary"; exit 1; }
    grep -qx 'exit-code=1' output || { echo "the exit code is not an output"; exit 1; }
  fi
  exit 0
done
echo "in no try were the cells of ureq the only ones called different"
exit 1
