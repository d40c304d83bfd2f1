# List the recipes.
_default:
    @just --list --unsorted

# Record one experiment, then write its report.
[group('measure')]
experiment name="quickstart" *args:
    cargo run --release -- run experiments/{{ name }}.toml {{ args }}

# Record every shipped experiment (about 20 minutes).
[group('measure')]
experiments *args:
    cargo run --release -- run experiments/*.toml {{ args }}

# Write all reports again from their records; `just report --check` only compares.
[group('read')]
report *args:
    cargo run --release -- report {{ args }}

# Compare two recordings.
[group('read')]
diff base new *args:
    cargo run --release -- diff {{ base }} {{ new }} {{ args }}

# Run the tests.
[group('work')]
test *args:
    cargo test {{ args }}

# Run the benchmarks.
[group('work')]
bench *args:
    cargo bench {{ args }}

# Everything that CI runs.
[group('work')]
ci:
    bash .ci/run
