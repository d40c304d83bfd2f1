# List the recipes.
_default:
    @just --list --unsorted

# Record one experiment, then write its report.
[group('measure')]
experiment name="quickstart" *args:
    cargo run --release -- run experiments/{{ name }}.toml {{ args }}

# Record every shipped experiment (two hours; those with a million requests take three quarters of it).
[group('measure')]
experiments *args:
    cargo run --release -- run experiments/*.toml {{ args }}

# Prepare the programs in other languages; `just programs --install` has apt-get install missing tools first.
[group('measure')]
programs *args:
    programs/setup.sh {{ args }}

# Record the last commit and the working tree in one run, and compare them.
[group('measure')]
ab name="quickstart" *args:
    cargo run --release -- ab experiments/{{ name }}.toml {{ args }}

# Write all reports again from their records; `just report --check` only compares.
[group('read')]
report *args:
    cargo run --release -- report {{ args }}

# Compare recordings; without any, the last two.
[group('read')]
diff *args="@latest~1 @latest":
    cargo run --release -- diff {{ args }}

# List the recordings.
[group('read')]
runs *args:
    cargo run --release -- runs {{ args }}

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
