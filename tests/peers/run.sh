#!/bin/sh
# Third-party software against our emulators, and our drivers against third-party software.
#
#   tests/peers/run.sh                       the emulators over a lab without physics
#   FLOWTWIN_EMULATE="CMD …" tests/peers/run.sh   those that CMD serves, under the same names
#
# Makes a virtual environment below the target folder, and installs what requirements.txt names from PyPI.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
venv=$target/peers-venv

if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv" || {
        echo "tests/peers: python3 with venv and pip is needed: nothing of this can be skipped" >&2
        exit 1
    }
fi
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    install() {
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@" || {
            echo "tests/peers: pip could not install $*: nothing of this can be skipped" >&2
            exit 1
        }
    }
    install -r "$here/requirements.txt"
    # Its dependencies are a whole laboratory; the driver needs two of them, named in requirements.txt.
    install --no-deps AFL-automation==1.2.0
    cp "$here/requirements.txt" "$venv/installed.txt"
fi

cargo build --quiet --manifest-path "$root/Cargo.toml" -p flowtwin-backends --examples
export FLOWTWIN_EMULATE="${FLOWTWIN_EMULATE:-$target/debug/examples/serve}"
export FLOWTWIN_IDENTIFY="${FLOWTWIN_IDENTIFY:-$target/debug/examples/identify}"
export PYTHONDONTWRITEBYTECODE=1
cd "$here"
exec "$venv/bin/python" -m unittest -v "$@"
