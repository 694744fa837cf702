#!/usr/bin/env bash
# Opens reports and the live page in Chromium and looks at them as a reader does: tests/browser/run.sh FLOWTWIN WORK.
# Pictures of everything are in WORK/pictures afterwards.
set -euo pipefail
flowtwin=$1 work=$2
here=$(cd "$(dirname "$0")" && pwd)

for tool in node npm; do
  command -v $tool >/dev/null || { echo "the browser tests need $tool (Node 20 or later): install it"; exit 1; }
done
browser() { command -v chromium || command -v chromium-browser || command -v google-chrome || true; }
if [ -z "$(browser)" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
fi
# Pages ask for Arial or what has its widths. A new Linux machine may have neither.
if ! fc-list 2>/dev/null | grep -qE 'Arial|Liberation Sans' && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq fonts-liberation fontconfig >/dev/null
fi
[ -n "$(browser)" ] || { echo "the browser tests need Chromium, and it could not be installed: install the package chromium"; exit 1; }

(cd "$here/../.." && node --test --test-reporter=spec tests/browser/journal.test.mjs)

rm -rf "$work/runs" "$work/reviewed" "$work/pictures"
mkdir -p "$work/node" "$work/pictures"
cp "$here"/package.json "$here"/package-lock.json "$here"/.npmrc "$here"/*.mjs "$work/node"
(cd "$work/node" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)

for scenario in cs3cu2i5 dye-mixing trade-off pump-stall; do
  # A scenario may end with a fault that stops the rig, safe: exit code 3.
  shadow=
  [ $scenario != dye-mixing ] || shadow="--shadow $here/../../scenarios/$scenario.toml"
  # shellcheck disable=SC2086
  "$flowtwin" run "$here/../../scenarios/$scenario.toml" --quiet $shadow --out "$work/runs/$scenario" >/dev/null || [ $? = 3 ]
done
CHROMIUM=$(browser) FLOWTWIN=$flowtwin SCENARIOS=$here/../../scenarios WORK=$work node "$work/node/run.mjs"
