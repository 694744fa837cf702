"""A scenario as a rig of Ax: a runner, its metrics, and the experiment of a client; and Ax as a policy.

Example:
    import flowtwin
    from ax.api.client import Client
    from flowtwin.adapters.ax import AxPolicy, configure

    scenario = flowtwin.Scenario.example("dye")
    client = Client(random_seed=1)
    configure(client, scenario, seed=1)          # space, objectives, limits, and a simulated rig that runs the trials
    client.run_trials(max_trials=4, initial_seconds_between_polls=0)
    print(client.summarize())

    # The other way round: Ax beside our policies, on the same seeds.
    print(flowtwin.benchmark(scenario, {"ax": AxPolicy, "random": "random"}, seeds=1, experiments=3))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from ax.api.protocols.metric import IMetric
from ax.api.protocols.runner import IRunner
from ax.core.trial_status import TrialStatus

from flowtwin import Lab, Scenario, Space
from flowtwin.adapters._wanted import AnyScenario, History, direction, limits_of, linear_bounds, loaded, objectives_of, seeded

__all__ = ["AxPolicy", "ScenarioMetric", "ScenarioRunner", "configure"]


class AxPolicy(History):
    """Ax with its default strategy as a policy: ``flowtwin.benchmark(scenario, {"ax": AxPolicy, "auto": "auto"})``.

    As Ax has it, an opening of :attr:`OPENING` experiments (the centre, then points of a Sobol sequence) comes before its model.
    It takes one objective without limits. Bounds are as for :func:`configure`; conditions near its trials that can be set are run
    (:meth:`flowtwin.Space.nearest`). Every time it is asked, a new client learns the whole history, so that a run that is resumed goes on alike.
    """

    #: Experiments of its opening; at least two of them must have succeeded.
    OPENING = 5

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed, "Ax")

    def ask(self, n: int) -> list[dict[str, float | str]]:
        """The next experiments."""
        with seeded(self.seed, len(self.tried)) as number:
            client = Client(random_seed=number)
            client.configure_experiment(
                parameters=[parameter(name, described) for name, described in self.space.inputs.items()],
                parameter_constraints=constraints_of(self.space),
            )
            client.configure_optimization(objective="outcome")
            # Ax counts what its own opening has proposed, and a new client has proposed nothing.
            if len(self.results) >= self.OPENING and len(self.known()) >= 2:
                client.configure_generation_strategy(initialization_budget=0, initialize_with_center=False)
            for conditions, result in zip(self.tried, self.results, strict=True):
                trial = client.attach_trial(parameters=conditions)
                if result is None:
                    client.mark_trial_failed(trial)
                else:
                    client.complete_trial(trial, raw_data={"outcome": result})
            return [self.space.nearest(trial) for trial in client.get_next_trials(max_trials=n).values()]


class ScenarioRunner(IRunner):  # type: ignore[misc]
    """Runs trials as experiments on a simulated rig, one after another, at conditions near each that can be set.

    The metadata of a trial are ``conditions``, ``features`` and ``fault``. A trial whose experiment failed has failed.
    """

    def __init__(self, scenario: Scenario, *, seed: int = 1) -> None:
        super().__init__()
        self.lab = Lab(scenario, seed=seed)

    def run_trial(self, trial_index: int, parameterization: Mapping[str, Any]) -> dict[str, Any]:
        """Runs the experiment."""
        seen = self.lab.measure(**self.lab.space.nearest(parameterization))
        features = {name: value if value == value else None for name, value in seen.features.items()}
        return {
            "conditions": seen.conditions,
            "features": features,
            "fault": None if seen.fault is None else str(seen.fault),
        }

    def poll_trial(self, trial_index: int, trial_metadata: Mapping[str, Any]) -> TrialStatus:
        """Whether the experiment, which is over, has failed."""
        return TrialStatus.COMPLETED if trial_metadata["fault"] is None else TrialStatus.FAILED

    def stop_trial(self, trial_index: int, trial_metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Nothing: an experiment is over when it has begun."""
        return {}


class ScenarioMetric(IMetric):  # type: ignore[misc]
    """A feature of an experiment, by its name."""

    def fetch(self, trial_index: int, trial_metadata: Mapping[str, Any]) -> tuple[int, float]:
        """The value that was measured.

        Raises:
            ValueError: If it was not.
        """
        value = trial_metadata["features"].get(self.name)
        if value is None:
            raise ValueError(f"trial {trial_index} has no {self.name}")
        return 0, value


def configure(
    client: Client, scenario: AnyScenario, *, seed: int = 1
) -> ScenarioRunner:
    """Tells a client of Ax the space, the objectives and the limits of a scenario, and has its trials run on a simulated rig.

    Bounds on formulas are left out, and bounds on sums of inputs that are logarithmic or have levels: Ax does not take them. Conditions near the trial
    that meet them are run (:meth:`flowtwin.Space.nearest`).

    Raises:
        ValueError: If a target is wanted, which Ax does not have.
    """
    known = loaded(scenario)
    wanted, limits = objectives_of(known), limits_of(known)
    features = [spec["feature"] for spec in [*wanted, *limits]]
    signs = {"maximize": "", "minimize": "-"}
    objective = ", ".join(f"{signs[direction(each, 'Ax')]}{each['feature']}" for each in wanted)
    client.configure_experiment(
        parameters=[parameter(name, described) for name, described in known.space.inputs.items()],
        parameter_constraints=constraints_of(known.space),
        name=known.definition()["name"],
    )
    client.configure_optimization(objective=objective, outcome_constraints=[text for spec in limits for text in bounds_of(spec)])
    runner = ScenarioRunner(known, seed=seed)
    client.configure_runner(runner)
    client.configure_metrics([ScenarioMetric(name) for name in dict.fromkeys(features)])
    return runner


def parameter(name: str, described: Mapping[str, Any]) -> Any:
    """An input as a parameter of Ax."""
    kind = described["kind"]
    if kind == "choice":
        return ChoiceParameterConfig(name=name, values=list(described["options"]), parameter_type="str", is_ordered=False)
    if kind == "levels":
        return ChoiceParameterConfig(name=name, values=list(described["levels"]), parameter_type="float", is_ordered=True)
    return RangeParameterConfig(
        name=name,
        bounds=(described["low"], described["high"]),
        parameter_type="float",
        scaling="log" if kind == "logarithmic" else None,
    )


def constraints_of(space: Space) -> list[str]:
    """Bounds on sums of inputs, in the words of Ax."""
    found = []
    for terms, low, high in linear_bounds(space):
        total = " + ".join(f"{factor!r} * {name}" for name, factor in terms.items())
        if high < float("inf"):
            found.append(f"{total} <= {high!r}")
        if low > float("-inf"):
            found.append(f"{total} >= {low!r}")
    return found


def bounds_of(spec: Mapping[str, Any]) -> list[str]:
    """A limit in the words of Ax."""
    bounds = {"<=": spec.get("at_most"), ">=": spec.get("at_least")}
    return [f"{spec['feature']} {sign} {bound!r}" for sign, bound in bounds.items() if bound is not None]
