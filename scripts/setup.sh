#!/usr/bin/env bash
# From a fresh clone to a running load balancer: install, build, start.
set -eu

usage() {
  cat <<'END'
Usage: scripts/setup.sh [N] [STRATEGY] [options] [-- OPTIONS OF piloti up]

Installs and builds piloti when that is needed, then starts N π backends and
the proxy in front of them. Ctrl-C stops everything.

  scripts/setup.sh
  scripts/setup.sh 4 LeastConnections
  scripts/setup.sh --listen :9000 -- --first-port 6000 --log-level debug

  -n, --backends N       how many π backends (default 4, on ports 5000 …)
  -s, --strategy NAME    round-robin (the default), least-connections, …:
                         see piloti proxy --help
  -m, --mode MODE        how the proxy forwards: see piloti up --help
  -l, --listen ADDR      where the proxy listens (default 127.0.0.1:8080)
  -h, --help             this text

Exit codes: 0 stopped, 1 cannot install, build or run, 2 bad usage,
4 a port is taken
END
}

refuse() {
  printf 'setup: %s\n\n' "$1" >&2
  usage >&2
  exit 2
}

say() { printf 'setup: %s\n' "$1" >&2; }

# What `piloti up` gets, built up in the positional parameters: old bash knows no empty arrays.
words=0
remaining=$#
while [ "$remaining" -gt 0 ]; do
  word=$1
  shift
  remaining=$((remaining - 1))
  case $word in
    -h | --help)
      usage
      exit 0
      ;;
    -n | --backends | -s | --strategy | -m | --mode | -l | --listen)
      [ "$remaining" -gt 0 ] || refuse "option $word wants a value"
      set -- "$@" "$word" "$1"
      shift
      remaining=$((remaining - 1))
      ;;
    --backends=* | --strategy=* | --mode=* | --listen=*) set -- "$@" "$word" ;;
    --)
      while [ "$remaining" -gt 0 ]; do
        set -- "$@" "$1"
        shift
        remaining=$((remaining - 1))
      done
      ;;
    -*) refuse "unknown option $word" ;;
    *)
      words=$((words + 1))
      case $words in
        1)
          case $word in
            '' | *[!0-9]*) refuse "N is a number of backends, not '$word'" ;;
          esac
          set -- "$@" --backends "$word"
          ;;
        2) set -- "$@" --strategy "$word" ;;
        *) refuse "too many arguments: '$word'" ;;
      esac
      ;;
  esac
done

root=$(cd "$(dirname "$0")/.." && pwd)

if ! command -v node >/dev/null; then
  say 'Node.js 20.19 or newer is needed, and there is no node in the PATH: see https://nodejs.org'
  exit 1
fi
if ! node -e 'var v = process.versions.node.split("."); process.exit(v[0] > 20 || (v[0] == 20 && v[1] >= 19) ? 0 : 1)'; then
  say "Node.js 20.19 or newer is needed, and this is $(node --version): see https://nodejs.org"
  exit 1
fi

# Runs npm so that a signal ends it too, also one that is sent to this shell alone.
run_npm() {
  (cd "$root" && exec npm "$@" >&2) &
  npm=$!
  trap 'kill "$npm"; wait "$npm" || true; exit 130' INT
  trap 'kill "$npm"; wait "$npm" || true; exit 143' TERM
  wait "$npm"
}

# npm leaves the lock file it has installed from in node_modules.
installed=$root/node_modules/.package-lock.json
if [ ! -e "$installed" ] || [ "$root/package-lock.json" -nt "$installed" ]; then
  say 'installing packages (npm ci) …'
  run_npm ci --include=dev --no-progress || {
    say 'npm ci failed: see above'
    exit 1
  }
fi

built=$root/dist/src/cli.js
newer() {
  find "$root/src" "$root/backend" "$root/tsconfig.json" "$root/tsconfig.build.json" \
    "$root/package.json" -type f -newer "$built" -print | head -n 1
}
if [ ! -e "$built" ] || [ -n "$(newer)" ]; then
  say 'building (npm run build) …'
  run_npm run --silent build || {
    # Half a build would pass for a whole one the next time.
    rm -rf "$root/dist"
    say 'npm run build failed: see above'
    exit 1
  }
fi

trap - INT TERM
# In place of this shell, so that Ctrl-C and TERM reach it and nothing else.
exec node "$built" up "$@"
