#!/usr/bin/env bash
# The shipped programs and services for real: prepares them, runs the programs against a small server, has
# `inflight check` ask them for the contract, and records short versions of the experiments that compare them.
# What `programs/setup.sh --install` could not install is skipped, and said.
set -euo pipefail
cd "$(dirname "$0")/.."
programs/setup.sh --install
programs/.venv/bin/python3 tests/programs.py
programs/.venv/bin/python3 tests/web.py
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
record() { # EXPERIMENT ARGS...
  local code=0
  local once=(--blocks 1 --set blocks.warmup=0)
  "$inflight" run --quiet --out "$work/$1" --reports "$work/reports" "${once[@]}" "${@:2}" "experiments/$1.toml" || code=$?
  [[ $code == 0 || $code == 5 ]] || exit 1
  python3 tests/nothing-failed.py "$work/$1"/*/*/trials.csv
}
record languages --set workload.requests=300 | tee "$work/languages.txt"
for client in requests aiohttp httpx gevent node-fetch; do
  grep -qw "$client" "$work/languages.txt" || { echo "$client was not run"; exit 1; }
done
record server-models --set workload.requests=100 | tee "$work/servers.txt"
for service in stdlib flask flask-gunicorn aiohttp-server aiohttp-gunicorn node-http; do
  grep -qw "$service" "$work/servers.txt" || { echo "$service was not run"; exit 1; }
done
for experiment in web-app-workers web-app-outbound; do
  record "$experiment" --set workload.time_scale=0.05 | tee -a "$work/web.txt"
done
for service in uwsgi-sequential uwsgi-asyncio uwsgi-gevent uwsgi-offload aiohttp-page wsgi-behind-nginx; do
  grep -qw "$service" "$work/web.txt" || { echo "$service was not run"; exit 1; }
done
record own-service
