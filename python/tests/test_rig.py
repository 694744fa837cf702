"""The command of the wheel drives a rig, with a watch beside it that it started itself."""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import ROOT, SCENARIOS

import flowtwin

COMMAND = Path(sysconfig.get_path("scripts")) / "flowtwin"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Path]:
    """Emulated instruments in a process of their own, a thousand times as fast; the folder of their wiring file."""
    scenario = flowtwin.Scenario.load(SCENARIOS / "cs3cu2i5.toml")
    scenario.phases = [{"name": "start", "policy": "lhs", "experiments": 1}]
    scenario.save(tmp_path / "few.toml")
    wired = tmp_path / "wired.toml"
    words = [COMMAND, "emulate", ROOT / "scenarios/wirings/cs3cu2i5.toml", "--scenario", tmp_path / "few.toml"]
    process = subprocess.Popen(
        [*words, "--speed", "1000", "--wired", wired], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None and json.loads(process.stdout.readline())["ready"]
    # What is in order answers, however busy this machine is.
    text = re.sub(r"(?m)^patience_s = .*$", "", wired.read_text())
    wired.write_text("patience_s = 5.0\n" + text)
    yield tmp_path
    process.kill()
    process.communicate()


def children(of: int) -> list[str]:
    """Command lines of the processes that a process has started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == of:
                found.append((folder / "cmdline").read_text())
        except (OSError, ValueError, IndexError):
            pass
    return found


def test_a_campaign_on_a_rig_has_a_watch_from_the_wheel(rig: Path) -> None:
    words = [COMMAND, "run", "few.toml", "--backend", "hardware", "--yes", "--wiring", "wired.toml", "--out", "run"]
    process = subprocess.Popen(words, cwd=rig, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    watches: set[str] = set()
    while process.poll() is None:
        watches.update(line for line in children(process.pid) if "--silence" in line)
        time.sleep(0.02)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert len(watches) == 1 and "flowtwin.__main__" in watches.pop()
    run = flowtwin.Run.load(rig / "run")
    assert run.complete and len(run.experiments()) == 1 and "SIMULATED" in out
