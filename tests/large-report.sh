#!/usr/bin/env bash
# `report` of a recording with many request rows (the argument, 10 000 000 if it is not given) takes
# at most five seconds and 300 MB on two cores with a release build. Prints what it took, and fails
# beyond. Ten million rows need 450 MB in the folder for temporary files, for a few minutes. Not part
# of CI: five seconds hold on a machine that does nothing else.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
rows=${1:-10000000}
cd "$root"
cargo build --locked --release --example large_requests --bin inflight
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "writing $rows rows"
run=$("$target/release/examples/large_requests" "$work" "$rows")
echo "$(du -sh "$run/requests" | cut -f1) compressed"
python3 - "$target/release/inflight" "$run" "$work" <<'PYTHON'
import resource, subprocess, sys, time
MOST_SECONDS, MOST_MB = 5, 300
inflight, run, work = sys.argv[1:]
start = time.monotonic()
command = [inflight, "report", "--out", work, "--reports", work + "/reports", run]
done = subprocess.run(command, stdout=subprocess.DEVNULL)
took = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
peak, cpu = used.ru_maxrss * 1024 / 1e6, used.ru_utime + used.ru_stime
print(f"report took {took:.2f} s (at most {MOST_SECONDS}), {cpu:.2f} s of CPU, {peak:.0f} MB (at most {MOST_MB})")
failed = []
if done.returncode != 0:
    failed.append(f"report failed with exit code {done.returncode}")
if took > MOST_SECONDS:
    busy = " (most of it waiting for a CPU: is the machine busy?)" if cpu < took else ""
    failed.append(f"it took longer than {MOST_SECONDS} s{busy}")
if peak > MOST_MB:
    failed.append(f"it used more than {MOST_MB} MB")
sys.exit("; ".join(failed))
PYTHON
