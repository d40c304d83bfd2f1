#!/usr/bin/env bash
# Prepares programs and services: a virtual environment with the pinned packages of Python, what is in Go
# and Java compiled. Says in a line each what was left out. Calling it again does only what is new.
#
#   programs/setup.sh               what the tools of this machine allow
#   programs/setup.sh --install     first has apt-get install missing tools (Debian, as root)
#
# Ends with 0 if the Python programs can run.
set -euo pipefail
cd "$(dirname "$0")"

has() { command -v "$1" >/dev/null; }
# Debian's nginx is where only root looks.
has_nginx() { has nginx || [[ -x /usr/sbin/nginx ]]; }

install() {
  local missing=()
  has python3 || missing+=(python3)
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
  has node || missing+=(nodejs)
  has go || missing+=(golang-go)
  has javac || missing+=(default-jdk-headless)
  has curl || missing+=(curl)
  has wrk || missing+=(wrk)
  has ab || missing+=(apache2-utils)
  has_nginx || missing+=(nginx)
  ((${#missing[@]})) || return 0
  if ! has apt-get || [[ $(id -u) != 0 ]]; then
    echo "left out: --install needs apt-get, as root, for ${missing[*]}"
    return
  fi
  apt-get -q update
  # nginx is for trials alone. Its package would start it, unless this file says no, and at each boot.
  local policy=/usr/sbin/policy-rc.d
  if [[ " ${missing[*]} " == *" nginx "* && ! -e $policy ]]; then
    trap "rm -f $policy" EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
  fi
  local package
  for package in "${missing[@]}"; do
    if ! DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$package"; then
      echo "left out: apt-get cannot install $package"
    elif [[ $package == nginx ]] && has systemctl; then
      systemctl disable nginx || true
    fi
  done
}

# Package lists are compared, so a changed pin makes the environment anew.
python() {
  cmp -s python/requirements.txt .venv/requirements.txt && return
  python3 -m venv --clear .venv
  .venv/bin/python3 -m pip install -q --disable-pip-version-check --no-deps -r python/requirements.txt
  .venv/bin/python3 -m pip check
  cp python/requirements.txt .venv/
}

case ${1:-} in
  --install) install ;;
  "") ;;
  *) echo "usage: programs/setup.sh [--install]" >&2; exit 64 ;;
esac

if has go; then
  (cd go && go build -trimpath -o client . && go build -trimpath -o server/server ./server)
else
  echo "left out: the client and the server in Go, for want of go (Debian: golang-go)"
fi
if has javac; then
  javac -d java/classes java/*.java
else
  echo "left out: the client in Java, for want of javac (Debian: default-jdk-headless)"
fi
if ! has node; then
  echo "left out: the client and the server in JavaScript, for want of node (Debian: nodejs)"
elif ! node -e fetch 2>/dev/null; then
  echo "left out: the client in JavaScript, since this node has no fetch (from version 18 on)"
fi
has curl || echo "left out: curl (Debian: curl)"
has wrk || echo "left out: wrk (Debian: wrk)"
has ab || echo "left out: ab (Debian: apache2-utils)"
has_nginx || echo "left out: the page behind nginx, for want of nginx (Debian: nginx)"
has oha || echo "left out: oha (cargo install oha --locked)"
python
