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
# Pages are looked at in a font with the widths of Arial and in a wide one. A new Linux machine may have neither.
fonts() { fc-list 2>/dev/null | grep -qE 'Arial|Liberation Sans' && fc-list | grep -qE 'DejaVu Sans|Verdana'; }
if ! fonts && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq fonts-liberation fonts-dejavu-core fontconfig >/dev/null
fi
[ -n "$(browser)" ] || { echo "the browser tests need Chromium, and it could not be installed: install the package chromium"; exit 1; }

(cd "$here/../.." && node --test --test-reporter=spec tests/browser/journal.test.mjs)

rm -rf "$work/runs" "$work/reviewed" "$work/pictures"
mkdir -p "$work/node" "$work/pictures"
cp "$here"/package.json "$here"/package-lock.json "$here"/.npmrc "$here"/*.mjs "$work/node"
(cd "$work/node" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)

for scenario in cs3cu2i5 dye-mixing trade-off pump-stall refilling; do
  # A scenario may end with a fault that stops the rig, safe: exit code 3.
  shadow=
  [ $scenario != dye-mixing ] || shadow="--shadow $here/../../scenarios/$scenario.toml"
  # shellcheck disable=SC2086
  "$flowtwin" run "$here/../../scenarios/$scenario.toml" --quiet $shadow --out "$work/runs/$scenario" >/dev/null || [ $? = 3 ]
done
# The pages of other commands.
others=$work/others scenarios=$here/../../scenarios
rm -rf "$others" && mkdir -p "$others"
"$flowtwin" benchmark "$scenarios/dye-mixing.toml" "$scenarios/trade-off.toml" --policies random,ei@gp --seeds 3 --out "$others/benchmark" >/dev/null
"$flowtwin" run "$scenarios/snar-calibrate.toml" --quiet --out "$others/snar" >/dev/null
"$flowtwin" calibrate "$scenarios/snar-calibrate.toml" --data "$others/snar" --out "$others/calibrate" >/dev/null
"$flowtwin" suggest "$scenarios/by-hand/coupling.toml" --data "$scenarios/by-hand/coupling.csv" --count 4 --out "$others/next.csv" >/dev/null
"$flowtwin" twin explain "$work/runs/dye-mixing" --target red --surrogate gp --out "$others/explain" >/dev/null
for seed in 1 2; do "$flowtwin" run "$scenarios/dye-mixing.toml" --seed $seed --quiet --out "$others/seed-$seed" >/dev/null; done
"$flowtwin" report "$others/seed-1" "$others/seed-2" >/dev/null
"$flowtwin" report "$others/seed-1" "$work/runs/trade-off" --page "$others/mixed.html" >/dev/null
# So few seeds leave claims open: exit code 1.
"$flowtwin" paper --seeds 2 --out "$others/paper" >/dev/null || [ $? = 1 ]
"$flowtwin" twin evaluate "$work/runs/dye-mixing" --target red --surrogate gp,forest --folds 3 --repeats 1 --out "$others/evaluate" >/dev/null
# Printing: all of a report on paper, and its first screen.
"$flowtwin" report "$work/runs/dye-mixing" --pdf --png --browser "$(browser)" >/dev/null
pages=$(grep -ac '/Type /Page$' "$work/runs/dye-mixing/report.pdf" || true)
[ "$pages" -ge 3 ] && [ "$(wc -c <"$work/runs/dye-mixing/report.png")" -gt 50000 ] || { echo "the printed report has $pages pages"; exit 1; }
CHROMIUM=$(browser) FLOWTWIN=$flowtwin SCENARIOS=$here/../../scenarios WORK=$work node "$work/node/run.mjs"
