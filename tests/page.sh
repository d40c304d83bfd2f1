#!/usr/bin/env bash
# The committed pages in a real browser: see tests/page.py. Installs Chromium with its driver (Debian's packages)
# and axe-core (npm) where they are missing, which needs root and Node.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v chromedriver > /dev/null && command -v chromium > /dev/null || {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver > /dev/null
}
command -v npm > /dev/null || programs/setup.sh --install
axe=$(mktemp -d)
trap 'rm -rf "$axe"' EXIT
npm install --silent --no-save --no-audit --no-fund --prefix "$axe" axe-core@4
python3 tests/page.py "$axe/node_modules/axe-core/axe.min.js" "$@"
