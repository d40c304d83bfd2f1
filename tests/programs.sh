#!/usr/bin/env bash
# The shipped programs for real: prepares them, runs them against a small server, has `inflight check` ask
# them for the contract, and records a short version of the experiment that compares them.
# What `programs/setup.sh --install` could not install is skipped, and said.
set -euo pipefail
cd "$(dirname "$0")/.."
programs/setup.sh --install
programs/.venv/bin/python3 tests/programs.py
cargo build --locked --release
inflight=${CARGO_TARGET_DIR:-target}/release/inflight

# The load generators are asked too, and need not keep all of it: curl ends with an error if a connection failed.
for file in python node go java load; do
  for name in $(sed -n 's/^name = "\(.*\)"/\1/p' "programs/$file.toml"); do
    code=0
    said=$("$inflight" check "programs/$file.toml" "$name" 2>&1) || code=$?
    echo "$said"
    case $code in
      0) ;;
      64) echo "$said" | grep -q "is not here" ;;
      *) [[ $file == load ]] || exit 1 ;;
    esac
  done
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
code=0
"$inflight" run --quiet --out "$work/results" --reports "$work/reports" \
  --set workload.requests=300 --blocks 1 experiments/languages.toml || code=$?
[[ $code == 0 || $code == 5 ]] || exit 1
python3 - "$work"/results/*/*/trials.csv <<'EOF'
import collections, csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
ran = collections.Counter(row["client"] for row in rows if row["status"] in ("ok", "invalid"))
failed = [(row["client"], row["reason"]) for row in rows if row["status"] == "failed"]
# A busy machine may make a trial invalid, never fail it.
assert not failed, failed
for client in ("requests", "aiohttp", "httpx", "gevent", "node-fetch"):
    assert ran[client], f"{client} was not run"
for row in rows:
    if row["status"] == "ok":
        assert (row["issued"], row["ok"]) == ("300", "300"), row
print("run:", *ran)
EOF
