#!/usr/bin/env bash
# Sends π requests to the running proxy and says how it did: scripts/stress.sh --help
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
if [ ! -e "$root/dist/src/base/pi.js" ] || [ ! -d "$root/node_modules/autocannon" ]; then
  echo 'stress: piloti is not built yet: run ./scripts/setup.sh first, it starts the proxy too' >&2
  exit 1
fi
exec node "$root/scripts/stress.mjs" "$@"
