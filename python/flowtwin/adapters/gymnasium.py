"""A campaign as an environment of Gymnasium.

Example:
    import flowtwin
    from flowtwin.adapters.gymnasium import CampaignEnv

    env = CampaignEnv(flowtwin.Scenario.example("dye"), budget=6)
    state, info = env.reset(seed=1)
    improvement, truncated = 0.0, False
    while not truncated:                         # an agent would choose the action from the state
        state, reward, terminated, truncated, info = env.step(env.action_space.sample())
        improvement += reward
        print(info["conditions"], info["features"])
    print(improvement)
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from flowtwin import Lab, Observation
from flowtwin.adapters._wanted import AnyScenario, loaded

__all__ = ["CampaignEnv"]

Vector = NDArray[np.float64]


class CampaignEnv(gymnasium.Env[Vector, Vector]):
    """Experiments one after another on a simulated rig, with a budget.

    - **Action**: a point of the unit cube of the space [d]; conditions near it that can be set are run (:meth:`flowtwin.Space.feasible`).
      ``info["conditions"]`` says which.
    - **Observation**: the last conditions in the unit cube [d], the features that they yielded [k], in their units, zero where
      none was measured, and the share of the budget that is left.
    - **Reward**: by how much the experiment betters the best before it, in units of the objective, its sign such that more
      is better. The first that succeeds has no reward, a failed one neither. So the return is the improvement over the first experiment.
    - **Budget**: an episode is truncated after ``budget`` experiments. It never terminates. A failed experiment takes its share of the
      budget too; ``info["fault"]`` says why it failed.
    - **Drift**: the rig is one rig for the whole episode. Lamps fade, walls foul and stocks age from experiment to experiment as the scenario has it;
      ``reset`` begins with a fresh rig. The same seed and actions give the same numbers.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"], "render_fps": 1}

    def __init__(
        self,
        scenario: AnyScenario,
        *,
        budget: int = 20,
        render_mode: str | None = None,
    ) -> None:
        self.scenario = loaded(scenario)
        self.space, self.features = self.scenario.space, list(self.scenario.units)
        self.budget, self.render_mode = budget, render_mode
        size = len(self.space)
        self.action_space = gymnasium.spaces.Box(0.0, 1.0, (size,), np.float64)
        low = np.concatenate([np.zeros(size), np.full(len(self.features), -np.inf), [0.0]])
        high = np.concatenate([np.ones(size), np.full(len(self.features), np.inf), [1.0]])
        self.observation_space = gymnasium.spaces.Box(low, high, dtype=np.float64)
        self.lab: Lab | None = None
        self.seen: Observation | None = None
        self.best: float | None = None
        self.left = budget

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Vector, dict[str, Any]]:
        """Begins with a fresh rig."""
        super().reset(seed=seed)
        self.lab = Lab(self.scenario, seed=int(self.np_random.integers(2**31)))
        self.seen, self.best, self.left = None, None, self.budget
        return self._state(), {}

    def step(self, action: Vector) -> tuple[Vector, float, bool, bool, dict[str, Any]]:
        """Runs an experiment."""
        if self.lab is None:
            raise gymnasium.error.ResetNeeded("call reset before the first step")
        conditions = self.space.feasible(np.clip(np.asarray(action, dtype=np.float64), 0.0, 1.0))
        self.seen = self.lab.measure(**conditions)
        self.left -= 1
        score = self.scenario.score(self.seen)
        reward = 0.0 if score is None or self.best is None else max(0.0, score - self.best)
        if score is not None and (self.best is None or score > self.best):
            self.best = score
        fault = self.seen.fault
        info = {"conditions": conditions, "features": self.seen.features, "flags": self.seen.flags}
        if fault is not None:
            info["fault"] = str(fault)
        return self._state(), reward, False, self.left <= 0, info

    def _state(self) -> Vector:
        size = len(self.space)
        state = np.zeros(size + len(self.features) + 1)
        if self.seen is not None:
            state[:size] = np.clip(self.space.to_unit(self.seen.conditions), 0.0, 1.0)
            state[size:-1] = np.nan_to_num([self.seen.features.get(name, 0.0) for name in self.features])
        state[-1] = max(self.left, 0) / self.budget
        return state

    def render(self) -> str | None:  # type: ignore[override]
        """The last experiment in a line."""
        return repr(self.seen) if self.render_mode == "ansi" else None
