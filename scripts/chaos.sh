#!/usr/bin/env bash
# Breaks and changes everything behind a proxy under load: scripts/chaos.sh --help
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
if [ ! -e "$root/dist/src/base/pi.js" ] || [ ! -d "$root/node_modules/autocannon" ]; then
  echo 'chaos: piloti is not built yet: npm ci && npm run build' >&2
  exit 1
fi
exec node "$root/scripts/chaos.mjs" "$@"
