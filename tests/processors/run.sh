#!/usr/bin/env bash
# Same bytes on another processor: a build for one with AVX2 and fused multiply-add, and the plain build on valgrind's.
#
# tests/processors/run.sh [CPU]     (x86-64-v3 unless said; the processor at hand must be able to run it)
#
# Builds the models' and policies' tests of the twin and flowtwin itself for CPU, in a folder that is deleted afterwards;
# runs the tests that hold golden bits; plays two short campaigns with both builds, and one with the plain build under
# valgrind where that is installed; compares the run folders byte by byte. Takes as long as a build from nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
cpu=${1:-x86-64-v3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CARGO_TERM_COLOR=never

plain=$PWD/target/release/flowtwin
cargo build --release --locked
other() {
  CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_TARGET_DIR="$work/target" RUSTFLAGS="-C target-cpu=$cpu" cargo "$@"
}
other build --release --locked
echo "== golden bits, built for $cpu"
other test --release --locked -p flowtwin-twin --test models --test policies -- bits threads

# The instructions must be there, or nothing was compared.
if command -v objdump >/dev/null; then
  vectors=$(objdump -d --no-show-raw-insn "$work/target/release/flowtwin" | grep -c 'ymm' || true)
  fused=$(objdump -d --no-show-raw-insn "$work/target/release/flowtwin" | grep -cE 'vfn?m(add|sub)' || true)
  echo "instructions on 256-bit registers: $vectors, fused multiply-adds: $fused"
fi

compare() {
  diff -r "$work/plain/$1" "$work/$2/$1"
  echo "$1: identical ($2)"
}
for name in cspbbr3 dye-mixing; do
  "$plain" run "scenarios/$name.toml" --jobs 1 --out "$work/plain/$name" >/dev/null 2>&1
  "$work/target/release/flowtwin" run "scenarios/$name.toml" --jobs 2 --out "$work/$cpu/$name" >/dev/null 2>&1
  compare "$name" "$cpu"
done

if command -v valgrind >/dev/null; then
  echo "== valgrind's processor"
  tests=$(cargo test --release --locked -p flowtwin-twin --test policies --no-run --message-format=json 2>/dev/null |
    sed -n 's/.*"executable":"\([^"]*policies-[^"]*\)".*/\1/p')
  valgrind --quiet --tool=none "$tests" bits threads
  valgrind --quiet --tool=none "$plain" run scenarios/cspbbr3.toml --jobs 1 --out "$work/valgrind/cspbbr3" >/dev/null 2>&1
  compare cspbbr3 valgrind
fi
