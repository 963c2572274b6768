#!/usr/bin/env bash
# Tests. ./test.sh: everything CI runs; installs what is missing on Debian, and
# starts and stops its own servers, a MongoDB replica set among them (that of
# HUTCH_MONGO where it is set). ./test.sh quick: seconds, for the inner loop; go
# test -short leaves out what needs MongoDB. ./test.sh long [minutes]: random
# runs, power cuts, failovers and fuzzing.
set -euo pipefail
cd "$(dirname "$0")"
. scripts/tools.sh

mode=${1:-all}

command -v go >/dev/null || { echo "Go is missing: see README.md" >&2; exit 1; }

format() {
  say "format"
  local bad
  bad=$(git ls-files '*.go' | xargs gofmt -s -l)
  [ -z "$bad" ] || { echo "not gofmt-ed: $bad" >&2; exit 1; }
}

lint() {
  need_go_tool golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint v2.15.0
  say "golangci-lint"
  golangci-lint run ./...
}

# The JavaScript children of tests run the ordinary binary, so that one is
# built first and its path handed down.
binary() {
  say "build"
  HUTCH_BIN=${HUTCH_BIN:-$(mktemp -d)/hutch}
  export HUTCH_BIN
  CGO_ENABLED=0 go build -trimpath -o "$HUTCH_BIN" ./cmd/hutch
}

go_tests() {
  say "go test $*"
  go test -timeout 25m "$@" ./...
}

# The replica set that tests share is started once and its URI handed down.
mongo() {
  [ -z "${HUTCH_MONGO:-}" ] || return 0
  say "MongoDB"
  mongo_dir=$(mktemp -d)
  trap 'scripts/mongo.sh stop "$mongo_dir"' EXIT
  HUTCH_MONGO=$(scripts/mongo.sh start "$mongo_dir")
  export HUTCH_MONGO
}

javascript() {
  need_node
  say "client"
  (cd clients/js && npm ci --silent && npm test)
  say "types of the pages"
  npm ci --silent
  npm run --silent check
}

# What the binary carries is what the source gives: dist is built anew.
dashboard() {
  need_node
  say "dashboard"
  (
    cd dashboard
    npm ci --silent --ignore-scripts
    npm run --silent check
    npm run --silent build -- --logLevel warn
    npm test --silent
  )
  [ -z "$(git status --porcelain dashboard/dist)" ] || {
    git status --short dashboard/dist
    echo "dashboard/dist is not what the source gives: commit the build (npm run build in dashboard/)" >&2
    exit 1
  }
}

browser() {
  need_node
  need_chromium
  say "browser"
  npm run --silent e2e
}

long() {
  local minutes=${1:-10} targets count each
  export HUTCH_LONG=${minutes}m HUTCH_SEED=${HUTCH_SEED:-$(date +%s)}
  say "random runs, $minutes minutes each, seed $HUTCH_SEED"
  go test -count=1 -timeout "$((minutes * 6 + 30))m" -v -run 'Long|Random|Differential|Crash|Fuzzer|Kill|Failover' \
    ./data/... ./rules/... ./functions/... ./internal/... | grep -E '^(=== RUN|--- |ok|FAIL|PASS|\s+\S+_test.go)' || return 1
  targets=$(grep -rhoE --include='*_test.go' '^func (Fuzz\w+)' . | awk '{print $2}' | sort -u)
  count=$(wc -w <<<"$targets")
  each=$((minutes * 60 / (count > 0 ? count : 1)))
  for target in $targets; do
    dir=$(dirname "$(grep -rl --include='*_test.go' "^func $target(" . | head -1)")
    say "$target for ${each}s"
    go test "$dir" -run '^$' -fuzz "^$target\$" -fuzztime "${each}s"
  done
}

case $mode in
  quick)
    format
    say "go vet"
    go vet ./...
    go test -short ./...
    ;;
  long)
    binary
    mongo
    long "${2:-10}"
    ;;
  all)
    format
    need_debian gcc gcc libc6-dev # for -race
    binary
    lint
    mongo
    CGO_ENABLED=1 HUTCH_AUTH_STORE=mongo go_tests -race # auth: see auth/mirror_test.go
    javascript
    dashboard
    browser
    say "all tests passed"
    ;;
  *)
    echo "usage: ./test.sh [quick | long [minutes]]" >&2
    exit 2
    ;;
esac
