#!/bin/sh
# Runs two optimisers of other packages through both interfaces, ten seeds each. Ax, BayBE and BoTorch: python/tests/test_adapters.py.
# usage: tests/optimisers/run.sh [VENV]   VENV is a virtual environment, made if it is not there; FLOWTWIN the program
# [default: target/release/flowtwin]; SEEDS their number.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
venv=${1:-$root/target/optimisers-venv}
flowtwin=${FLOWTWIN:-$root/target/release/flowtwin}
seeds=${SEEDS:-10}
scenario=$root/scenarios/suite/paper.toml
examples=$root/examples/optimisers
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet scikit-optimize optuna
fi

for name in optuna skopt; do
  program="$venv/bin/python $examples/${name}_policy.py"
  seed=1
  while [ "$seed" -le "$seeds" ]; do
    lab="$flowtwin lab $scenario --seed $seed --experiments 8"
    $program --lab "$lab" 2>"$out/error" >"$out/said" || { cat "$out/error"; exit 1; }
    grep -q '"experiments": 8' "$out/said" || { echo "$name, seed $seed: not all experiments"; exit 1; }
    seed=$((seed + 1))
  done
  echo "$name drove $seeds labs"
  "$flowtwin" benchmark "$scenario" --policies random --policy-command "$name=$program" \
    --opening 6 --experiments 3 --seeds "$seeds" --out "$out/$name" --csv >/dev/null
  rows=$(grep -c ",$name," "$out/$name/table.csv")
  [ "$rows" -eq $((seeds * 9)) ] || { echo "$name: $rows rows, not $((seeds * 9))"; exit 1; }
  echo "$name took part with $seeds seeds"
done
