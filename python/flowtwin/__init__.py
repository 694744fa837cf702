"""Rehearse, test and run the campaigns of a self-driving flow lab.

>>> import flowtwin
>>> lab = flowtwin.Lab("scenarios/dye-mixing.toml", seed=1)
>>> seen = lab.measure(red_ul_per_min=150)
>>> seen.failed
False
"""

from flowtwin._flowtwin import Lab, Observation, Space, Spectrum, __version__
from flowtwin.errors import (
    ConditionsError,
    Fault,
    FlowtwinError,
    PolicyError,
    ScenarioError,
)
from flowtwin.scenario import Scenario

__all__ = [
    "ConditionsError",
    "Fault",
    "FlowtwinError",
    "Lab",
    "Observation",
    "PolicyError",
    "Scenario",
    "ScenarioError",
    "Space",
    "Spectrum",
    "__version__",
]
