"""From an installed wheel to a measurement, and the command in it."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

import flowtwin

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def command(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    script = Path(sysconfig.get_path("scripts")) / "flowtwin"
    return subprocess.run([script, *words], capture_output=True, text=True, timeout=300, **options)


def test_the_installed_package_is_tested_and_not_the_checkout() -> None:
    assert Path(flowtwin.__file__).is_relative_to(sysconfig.get_path("purelib")) or Path(
        flowtwin.__file__
    ).is_relative_to(sysconfig.get_path("platlib"))


def test_a_lab_measures() -> None:
    lab = flowtwin.Lab(SCENARIOS / "cs3cu2i5.toml", seed=1)
    seen = lab.measure(temperature_c=140, cui_ul_per_min=110)
    assert not seen.failed and seen.flags == []
    assert seen.conditions["temperature_c"] == 140.0
    assert seen.units["pli"] and seen["pli"] == seen.features["pli"]
    for spectrum in seen.spectra.values():
        assert isinstance(spectrum.values, np.ndarray) and spectrum.values.dtype == np.float64
        assert spectrum.values.shape == spectrum.wavelengths_nm.shape
        assert not spectrum.values.flags.writeable and not spectrum.values.flags.owndata
    again = lab.measure(temperature_c=140, cui_ul_per_min=110)
    name = next(iter(seen.spectra))
    assert again.spectra[name].wavelengths_nm is seen.spectra[name].wavelengths_nm


def test_a_measurement_is_that_of_the_command() -> None:
    import json

    path = SCENARIOS / "cs3cu2i5.toml"
    told = command("experiment", str(path), "--set", "temperature_c=140", "--seed", "3", "--json", "--spectra")
    assert told.returncode == 0, told.stderr
    told = json.loads(told.stdout)
    seen = flowtwin.Lab(path, seed=3).measure(temperature_c=140)
    assert seen.features == {name: feature["value"] for name, feature in told["features"].items()}
    for spectrum in told["spectra"]:
        assert seen.spectra[spectrum["name"]].values.tolist() == spectrum["values"]


def test_what_is_expected_has_no_noise_and_takes_no_time() -> None:
    lab = flowtwin.Lab(SCENARIOS / "dye-mixing.toml", seed=1)
    first, second = lab.expected(red_ul_per_min=150), lab.expected(red_ul_per_min=150)
    assert first.features == second.features and first.expected
    assert lab.now_s == 0.0 and lab.measured == 0


def test_the_complaint_is_that_of_the_command(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('schema = 1\nextends = "nowhere.toml"\nseed = "x"\n')
    told = command("check", str(path))
    with pytest.raises(flowtwin.ScenarioError) as raised:
        flowtwin.Scenario.load(path)
    assert told.returncode == 2
    assert str(raised.value) in told.stderr
    assert raised.value.file == str(path) and raised.value.line == 2
    assert "^" in str(raised.value)


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({"red_ul_per_mni": 1}, "there is no input red_ul_per_mni"),
        ({"red_ul_per_min": 1e9}, "is outside"),
        ({"red_ul_per_min": float("nan")}, "not a number"),
        ({"red_ul_per_min": "fast"}, "fast is not a number"),
        ({"red_ul_per_min": True}, "True is not a number"),
        ({"red_ul_per_min": None}, "None is not a number"),
        ({"red_ul_per_min": np.zeros(3)}, "is not a number"),
        ({"red_ul_per_min": 10**400}, "is not a number"),
    ],
)
def test_conditions_that_cannot_be_set_are_explained(conditions: dict, words: str) -> None:
    lab = flowtwin.Lab(SCENARIOS / "dye-mixing.toml", seed=1)
    with pytest.raises(flowtwin.ConditionsError, match=words):
        lab.measure(**conditions)


def test_the_command_says_version_and_help() -> None:
    told = command("--version")
    assert told.returncode == 0 and told.stdout.strip() == f"flowtwin {flowtwin.__version__}"
    assert command("nonsense").returncode == 2
    module = subprocess.run([sys.executable, "-m", "flowtwin", "--version"], capture_output=True, text=True)
    assert module.stdout == told.stdout


def test_the_command_starts_itself_again_wherever_it_is(tmp_path: Path) -> None:
    """A watch beside a rig is started so: nothing in the folder of whoever runs it takes its place."""
    from flowtwin.__main__ import again

    for name in ("flowtwin.py", "signal.py", "os.py", "typing.py"):
        (tmp_path / name).write_text("raise SystemExit('the wrong one')\n")
    told = subprocess.run([*again(), "watch", "--help"], capture_output=True, text=True, cwd=tmp_path)
    assert told.returncode == 0 and "--silence" in told.stdout, told.stderr
    told = subprocess.run([*again(), "nonsense"], capture_output=True, text=True, cwd=tmp_path)
    assert told.returncode == 2


SIGNALS = """
import signal, sys
from flowtwin import __main__, _flowtwin
how = getattr(signal, sys.argv.pop())
signal.signal(signal.SIGINT, how)
def inside(words, again):
    print(signal.getsignal(signal.SIGINT).name)
    return 0
_flowtwin.main = inside
__main__.main()
"""


@pytest.mark.parametrize(("before", "inside"), [("default_int_handler", "SIG_DFL"), ("SIG_IGN", "SIG_IGN")])
def test_the_command_leaves_an_interrupt_ignored_that_was_ignored(before: str, inside: str) -> None:
    told = subprocess.run([sys.executable, "-c", SIGNALS, before], capture_output=True, text=True, timeout=120)
    assert told.stdout.strip() == inside, told.stderr


def test_a_complaint_fits_the_terminal() -> None:
    import fcntl
    import os
    import pty
    import struct
    import termios

    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 44, 0, 0))
    script = Path(sysconfig.get_path("scripts")) / "flowtwin"
    words = [script, "benchmark", SCENARIOS / "dye-mixing.toml", "--policies", "a-policy-that-there-is-not"]
    process = subprocess.Popen(words, stderr=writer, stdout=subprocess.DEVNULL)
    process.wait(timeout=120)
    os.close(writer)
    said = os.read(reader, 10_000).decode()
    os.close(reader)
    lines = said.replace("\r", "").splitlines()
    assert lines[0].startswith("error: ") and len(lines) > 2 and max(map(len, lines)) <= 44, said
