"""Rehearse, test and run the campaigns of a self-driving flow lab.

>>> import flowtwin
>>> lab = flowtwin.Lab("scenarios/dye-mixing.toml", seed=1)
>>> seen = lab.measure(red_ul_per_min=150)
>>> seen.failed
False
"""

import atexit
import os

from flowtwin import _flowtwin
from flowtwin._flowtwin import Frame, Lab, Observation, Space, Spectrum, __version__
from flowtwin.campaign import OwnLab, Proposal, Run, run
from flowtwin.errors import (
    ConditionsError,
    Fault,
    FlowtwinError,
    PolicyError,
    ScenarioError,
)
from flowtwin.found import Shadow
from flowtwin.policy import OwnPolicy, Policy
from flowtwin.scenario import Scenario
from flowtwin.studies import Benchmark, Calibration, Paper, Study, benchmark, calibrate, paper, shadow, study
from flowtwin.surrogate import Surrogate

__all__ = [
    "Benchmark",
    "Calibration",
    "ConditionsError",
    "Fault",
    "FlowtwinError",
    "Frame",
    "Lab",
    "Observation",
    "OwnLab",
    "OwnPolicy",
    "Paper",
    "Policy",
    "PolicyError",
    "Proposal",
    "Run",
    "Scenario",
    "ScenarioError",
    "Shadow",
    "Space",
    "Spectrum",
    "Study",
    "Surrogate",
    "__version__",
    "benchmark",
    "calibrate",
    "paper",
    "run",
    "shadow",
    "study",
]

# Campaigns in threads that nobody waits for are stopped, and their labs made safe, before the interpreter ends.
atexit.register(_flowtwin.leave)
# A process that was forked has none of the threads, and nothing of the other process to make safe.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_flowtwin.forget)
