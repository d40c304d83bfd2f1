#!/usr/bin/env bash
# How long does `diff` take for two recordings of 10 000 trials, and how much memory? Prints both, and
# fails beyond 200 MB or ten seconds (the aim is one; a busy machine is slower). Not part of CI.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
cd "$root"
cargo build --locked --release --example large_recordings --bin inflight
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mapfile -t runs < <("$target/release/examples/large_recordings" "$work")
python3 - "$target/release/inflight" "${runs[@]}" <<'PYTHON'
import resource, subprocess, sys, time
start = time.monotonic()
done = subprocess.run([sys.argv[1], "diff", *sys.argv[2:]], capture_output=True, text=True)
took = time.monotonic() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
print(done.stdout.splitlines()[-1])
print(f"exit {done.returncode}, {took:.2f} s, {peak:.0f} MB")
sys.exit(not (done.returncode == 0 and took < 10 and peak < 200))
PYTHON
