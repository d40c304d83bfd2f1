#!/usr/bin/env bash
# How long does `report` take for a recording with many request rows (the argument, 1 000 000 if it
# is not given), and how much memory? Prints both, and fails beyond 300 MB or ten seconds (the aim is
# five; a busy machine is slower). Not part of CI.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
rows=${1:-1000000}
cd "$root"
cargo build --locked --release --example large_requests --bin inflight
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
run=$("$target/release/examples/large_requests" "$work" "$rows")
du -sh "$run/requests" | cut -f1
python3 - "$target/release/inflight" "$run" "$work" <<'PYTHON'
import resource, subprocess, sys, time
inflight, run, work = sys.argv[1:]
start = time.monotonic()
done = subprocess.run([inflight, "report", "--out", work, "--reports", work + "/reports", run])
took = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
peak, cpu = used.ru_maxrss / 1000, used.ru_utime + used.ru_stime
print(f"exit {done.returncode}, {took:.2f} s, {cpu:.2f} s of CPU, {peak:.0f} MB")
sys.exit(not (done.returncode == 0 and took < 10 and peak < 300))
PYTHON
