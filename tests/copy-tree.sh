#!/usr/bin/env bash
# Copies the working tree, without records and reports, to the folder given: for tests that change
# sources and build them.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files -z --cached --others --exclude-standard -- . ':!results' ':!reports' \
  | xargs -0 cp --parents -t "$1"
