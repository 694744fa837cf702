#!/bin/sh
# Builds the wheel as `pip install` does from the source package, installs it into a fresh virtual environment, and runs the tests there.
#
#   python/tests/run.sh [words for pytest]
#
# FLOWTWIN_PROFILE=dev builds faster, from the checkout, and what is built runs slower. PYTHON names the interpreter. FLOWTWIN_OPTIONAL=1 installs and tests what needs PyTorch too.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"
profile=${FLOWTWIN_PROFILE:-release}
tools=$CARGO_TARGET_DIR/python-tools
venv=$CARGO_TARGET_DIR/python-venv
wheels=$CARGO_TARGET_DIR/wheels-python
source=$CARGO_TARGET_DIR/python-source
export PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
python=${PYTHON:-python3}

fail() {
    echo "python/tests: $1" >&2
    exit 1
}

environment() {
    rm -rf "$1"
    "$python" -m venv "$1" || fail "python3 with venv and pip is needed: nothing of this can be skipped"
}

if ! cmp -s "$here/requirements.txt" "$tools/installed.txt"; then
    environment "$tools"
    "$tools/bin/pip" install --quiet -r "$here/requirements.txt" || fail "pip could not install the tools of the tests"
    cp "$here/requirements.txt" "$tools/installed.txt"
fi

cd "$root"
cargo fmt --manifest-path python/Cargo.toml --check
cargo clippy --manifest-path python/Cargo.toml --all-targets --locked -- -D warnings

rm -rf "$wheels" "$source"
"$tools/bin/maturin" sdist --manifest-path python/Cargo.toml --out "$wheels"
if [ "$profile" = release ]; then
    # What a user does who has the source package or a checkout, a Rust toolchain, and nothing else. Files get the time of now: cargo
    # compares times, and those in the package are all alike.
    mkdir -p "$source"
    tar -xmzf "$wheels"/*.tar.gz -C "$source" --strip-components 1
    "$tools/bin/pip" wheel --quiet --no-deps --wheel-dir "$wheels" "$source" || fail "pip could not build the source package"
else
    "$tools/bin/maturin" build --profile "$profile" --locked --quiet --interpreter "$tools/bin/python" --out "$wheels"
fi

environment "$venv"
"$venv/bin/pip" install --quiet "$wheels"/*.whl || fail "pip could not install the wheel"
[ "$("$venv/bin/pip" list --format freeze | grep -cv -e '^pip=' -e '^setuptools=')" = 2 ] ||
    fail "the wheel brings more than numpy with it"
"$venv/bin/pip" install --quiet -r "$here/requirements.txt"
if [ "${FLOWTWIN_OPTIONAL:-0}" = 1 ]; then
    "$venv/bin/pip" install --quiet -r "$here/optional.txt" || fail "pip could not install what is in optional.txt"
fi

export FLOWTWIN_WHEELS="$wheels" FLOWTWIN_PROFILE="$profile"
cd "$here"
exec "$venv/bin/python" -m pytest -c "$root/pyproject.toml" --rootdir "$root" "$here" "$@"
