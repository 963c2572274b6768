#!/usr/bin/env bash
# Functions that make sure a tool is there. Sourced by test.sh and bench scripts.
# Everything comes from Debian's packages, the Go module proxy or npm.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/hutch
mkdir -p "$cache"

say() { printf '\n== %s\n' "$*"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# need_debian COMMAND PACKAGE...: installs the packages when the command is missing.
need_debian() {
  local command=$1
  shift
  command -v "$command" >/dev/null && return
  say "installing $*"
  as_root apt-get update -qq
  DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# need_node puts the Node of .nvmrc first in PATH.
need_node() {
  local version dir
  version=$(cat .nvmrc)
  if [ "$(node --version 2>/dev/null)" = "v$version" ]; then return; fi
  dir=$cache/node-$version
  if [ ! -x "$dir/node_modules/node-linux-$(node_arch)/bin/node" ]; then
    need_debian npm nodejs npm
    say "installing Node $version"
    rm -rf "$dir"
    mkdir -p "$dir"
    npm install --silent --no-save --ignore-scripts --prefix "$dir" "node-linux-$(node_arch)@$version"
  fi
  export PATH="$dir/node_modules/node-linux-$(node_arch)/bin:$PATH"
}

node_arch() { case $(uname -m) in aarch64) echo arm64 ;; *) echo x64 ;; esac; }

# need_go_tool NAME PACKAGE VERSION: builds a tool once and puts it in PATH.
need_go_tool() {
  local name=$1 package=$2 version=$3 dir
  dir=$cache/$name-$version
  if [ ! -x "$dir/$name" ]; then
    say "building $name $version"
    GOBIN=$dir GOFLAGS= go install "$package@$version"
  fi
  export PATH="$dir:$PATH"
}

need_chromium() {
  need_debian chromium chromium fonts-noto-core fonts-noto-color-emoji
}
