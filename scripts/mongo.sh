#!/usr/bin/env bash
# A MongoDB replica set on loopback, for tests and for trying Hutch with one.
#   scripts/mongo.sh start DIR   starts it with its data in DIR; prints its URI
#   scripts/mongo.sh stop DIR    ends it and removes its data
#   scripts/mongo.sh server      prints the path of mongod
# MONGO_MEMBERS (3), MONGO_PORT (first port; by default the first free ones from
# 27117 on), MONGO_ARGS (flags for mongod, such as "--oplogSize 16 --syncdelay 2").
set -euo pipefail
usage() { sed -n '2,7s/^# \?//p' "$0" >&2; exit 2; }
case "${1:-} $#" in "start 2" | "stop 2" | "server 1") ;; *) usage ;; esac
[ $# = 1 ] || dir=$(realpath -m "$2")
cd "$(dirname "$0")/.."
. scripts/tools.sh

members=${MONGO_MEMBERS:-3}

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# first_taken PORT prints the first of the set's ports that something listens on.
first_taken() {
  local port
  for ((port = $1; port < $1 + members; port++)); do
    if taken "$port"; then
      echo "$port"
      return
    fi
  done
}

# ports sets $first to the first port of the set.
ports() {
  local busy
  first=${MONGO_PORT:-27117}
  while busy=$(first_taken "$first") && [ -n "$busy" ]; do
    if [ -n "${MONGO_PORT:-}" ] || [ "$first" -gt 28000 ]; then
      echo "port $busy is taken: end what listens there, or set MONGO_PORT" >&2
      return 1
    fi
    first=$((busy + 1))
  done
}

# started FILE prints the pid in a pid file, if that process is still ours.
started() {
  local pid
  pid=$(cat "$1" 2>/dev/null) && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "--pidfilepath $1 " && echo "$pid"
}

# stop ends what start started and waits until it has ended.
stop() {
  local file pid i
  shopt -s nullglob
  for file in "$dir"/*.pid; do
    if pid=$(started "$file"); then kill "$pid" 2>/dev/null || true; fi
  done
  for file in "$dir"/*.pid; do
    for ((i = 0; i < 300; i++)); do
      started "$file" >/dev/null || break
      sleep 0.1
    done
    if pid=$(started "$file"); then kill -KILL "$pid" 2>/dev/null || true; fi
    while started "$file" >/dev/null; do sleep 0.1; done
    rm -rf "${file%.pid}" "${file%.pid}.log" "$file"
  done
  rm -f "$dir/initiate"
  rmdir "$dir" 2>/dev/null || true # what others put there stays
}

start() {
  local port hosts=() wait=()
  need_mongod
  mkdir -p "$dir"
  if compgen -G "$dir/*.pid" >/dev/null; then
    echo "a set has its data in $dir: stop it first" >&2
    exit 1
  fi
  trap stop EXIT
  ports
  go build -o "$dir/initiate" ./internal/mongotest/initiate
  for ((port = first; port < first + members; port++)); do
    hosts+=("127.0.0.1:$port")
    mkdir -p "$dir/$port"
    touch "$dir/$port.pid"
    # shellcheck disable=SC2086 # flags are words
    "$mongod" --replSet rs0 --bind_ip 127.0.0.1 --port "$port" --dbpath "$dir/$port" \
      --pidfilepath "$dir/$port.pid" --logpath "$dir/$port.log" --logappend --fork \
      --wiredTigerCacheSizeGB 0.5 --setParameter diagnosticDataCollectionEnabled=false \
      --setParameter shutdownTimeoutMillisForSignaledShutdown=100 ${MONGO_ARGS:-} >>"$dir/$port.log" &
    wait+=($!)
  done
  for pid in "${wait[@]}"; do
    wait "$pid" || {
      echo "mongod does not start; its log ends:" >&2
      tail -qn 5 "$dir"/*.log 2>/dev/null | cut -c 1-500 >&2 || true
      exit 1
    }
  done
  "$dir/initiate" "${hosts[@]}"
  rm -f "$dir/initiate"
  trap - EXIT
}

case $1 in
  start) start ;;
  stop) stop ;;
  server)
    need_mongod
    echo "$mongod"
    ;;
esac
