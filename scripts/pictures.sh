#!/usr/bin/env bash
# The pictures of the dashboard in README.md and docs/dashboard.md, made anew:
# the pet store with some life in it, in Debian's Chromium. Needs a built
# dashboard/dist.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh

need_node
need_chromium
[ -d node_modules/playwright-core ] || npm ci --silent
[ -d dashboard/node_modules ] || (cd dashboard && npm ci --silent --ignore-scripts)
if [ -z "${HUTCH_BIN:-}" ]; then
  HUTCH_BIN=$(mktemp -d)/hutch
  CGO_ENABLED=0 go build -trimpath -o "$HUTCH_BIN" ./cmd/hutch
fi
export HUTCH_BIN PICTURES=${PICTURES:-docs/img}
node scripts/pictures.ts
