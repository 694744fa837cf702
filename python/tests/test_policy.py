"""Policies that are asked and told."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from support import small

import flowtwin

SPACE = flowtwin.Space(t_c=(20.0, 90.0), loading=(0.1, 10.0), ligand=["XPhos", "SPhos", "dppf"], logarithmic=["loading"])


def told(policy: flowtwin.Policy, n: int = 6) -> list[dict]:
    proposals = []
    for _ in range(n):
        (proposal,) = policy.ask()
        proposals.append(proposal)
        policy.tell(proposal, -((proposal["t_c"] - 60.0) ** 2))
    return proposals


def test_a_policy_proposes_what_a_campaign_with_it_did() -> None:
    scenario = small(experiments=9)
    run = flowtwin.run(scenario, seed=5)
    (feature,) = [o["feature"] for o in [scenario.definition()["objective"]]]
    goal = scenario.definition()["objective"]["goal"]
    policy = flowtwin.Policy("ei", scenario.space, objectives={feature: goal}, seed=5, phase="search", planned=5)
    seen = run.experiments()
    for experiment in seen[:4]:
        policy.tell(experiment.conditions, experiment)
    for experiment in seen[4:]:
        assert policy.ask() == [experiment.conditions]
        policy.tell(experiment.conditions, experiment)


@pytest.mark.parametrize("name", ["auto", "ei", "random", "lhs", "sobol", "thompson", {"ucb": {"lambda": 2.0}}])
def test_the_same_history_gives_the_same_proposals(name: str) -> None:
    first, second = (flowtwin.Policy(name, SPACE, seed=3, planned=8, jobs=jobs) for jobs in (1, 2))
    assert told(first) == told(second)
    assert first.ask(2) == second.ask(2)


def test_what_is_pending_is_not_proposed_again() -> None:
    policy = flowtwin.Policy("ei", SPACE, seed=1)
    told(policy, 5)
    pending = policy.ask(3) + policy.ask(1)
    assert policy.pending == pending and len({tuple(p.values()) for p in pending}) == 4
    policy.tell(pending[1], None)
    assert policy.pending == [pending[0], pending[2], pending[3]]
    assert policy.forget(pending[0]) and not policy.forget(pending[0])
    assert policy.history[-1] == (pending[1], {"outcome": None})


@pytest.mark.parametrize("name", ["auto", "ei", "lhs"])
def test_a_copy_proposes_the_same_and_goes_on_by_itself(name: str) -> None:
    policy = flowtwin.Policy(name, SPACE, seed=1, planned=12)
    told(policy, 5)
    policy.tell(*[policy.ask()[0], None])
    pending = policy.ask(2)
    again = copy.deepcopy(policy)
    assert (again.history, again.pending) == (policy.history, pending)
    proposal = again.ask(1)
    assert policy.pending == pending and policy.ask(1) == proposal
    again.tell(proposal[0], 1.0)
    assert len(again.history) == len(policy.history) + 1


def test_several_objectives_and_limits() -> None:
    policy = flowtwin.Policy(
        "auto",
        SPACE,
        objectives={"yield": "maximize", "cost": "minimize"},
        limits=[{"feature": "purity", "at_least": 0.9}],
        planned=8,
    )
    for _ in range(6):
        (proposal,) = policy.ask()
        policy.tell(proposal, {"yield": proposal["t_c"], "cost": proposal["loading"], "purity": 0.95, "other": 1.0})
    assert set(policy.history[0][1]) == {"yield", "cost", "purity"}
    with pytest.raises(flowtwin.ConditionsError, match="no purity"):
        policy.tell(proposal, {"yield": 1.0, "cost": 2.0})
    with pytest.raises(flowtwin.ConditionsError, match="3 outcomes matter"):
        policy.tell(proposal, 1.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_was_not_measured(value: float) -> None:
    policy = flowtwin.Policy("ei", SPACE)
    (proposal,) = policy.ask()
    policy.tell(proposal, value)
    assert policy.history[0][1] == {"outcome": None} and policy.best is None


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ("unknown word `best`", lambda: flowtwin.Policy("best", SPACE)),
        ("no surrogate named oracle", lambda: flowtwin.Policy("ei", SPACE, surrogate="oracle")),
        ("unknown word", lambda: flowtwin.Policy("ei", SPACE, objectives={"y": "most"})),
        ("at least one objective", lambda: flowtwin.Policy("ei", SPACE, objectives={})),
        ("jobs must be at least 1", lambda: flowtwin.Policy("ei", SPACE, jobs=0)),
        ("low must be below high", lambda: flowtwin.Space(a=(1.0, 0.0))),
        ("low must be below high", lambda: flowtwin.Space(a=(float("nan"), 1.0))),
        ("at least one input", lambda: flowtwin.Space()),
        ("needs \\(low, high\\)", lambda: flowtwin.Space(a=7)),
        ("no input b", lambda: flowtwin.Space(a=(0.0, 1.0), resolution={"b": 1.0})),
        ("too many", lambda: flowtwin.Policy("random", SPACE).ask(10**7)),
    ],
)
def test_slips_are_explained(words: str, call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=words):
        call()


def test_a_negative_count_or_a_word_is_no_count() -> None:
    policy = flowtwin.Policy("random", SPACE)
    for count in (-1, "two", 1.5, None):
        with pytest.raises((OverflowError, TypeError)):
            policy.ask(count)  # type: ignore[arg-type]
    assert policy.ask(0) == []


def test_a_result_that_no_model_can_learn_from_is_refused() -> None:
    policy = flowtwin.Policy("ei", SPACE)
    (proposal,) = policy.ask()
    with pytest.raises(flowtwin.ConditionsError, match="results must lie within"):
        policy.tell(proposal, 1e300)
    assert policy.pending == [proposal] and policy.history == []


def test_a_space_knows_its_inputs() -> None:
    assert SPACE.names == ["t_c", "loading", "ligand"] and len(SPACE) == 3
    assert SPACE.inputs["loading"]["kind"] == "logarithmic"
    assert SPACE.inputs["ligand"] == {"kind": "choice", "options": ["XPhos", "SPhos", "dppf"]}
    point = SPACE.from_unit(np.array([0.5, 0.5, 0.9]))
    assert point == {"t_c": 55.0, "loading": pytest.approx(1.0), "ligand": "dppf"}
    assert SPACE.to_unit(point)[:2] == pytest.approx([0.5, 0.5])
    for wrong in (np.zeros(2), np.array([0.0, np.nan, 0.0])):
        with pytest.raises(flowtwin.ConditionsError):
            SPACE.from_unit(wrong)


def test_the_nearest_conditions_can_be_set_and_are_near_by_the_scale_of_each_input() -> None:
    near = SPACE.nearest({"t_c": 120.0, "loading": 0.03, "ligand": "SPhos"})
    assert near == {"t_c": 90.0, "loading": 0.1, "ligand": "SPhos"} and SPACE.check(near) == near
    levels = flowtwin.Space(heat=[1.0, 2.0, 5.0], t_c=(20.0, 90.0), resolution={"t_c": 5.0})
    assert levels.nearest({"heat": 4.4, "t_c": 41.0}) == {"heat": 5.0, "t_c": 40.0}
    assert levels.nearest({"heat": -3, "t_c": 1e9}) == {"heat": 1.0, "t_c": 90.0}
    scenario = small()
    for point in np.random.default_rng(1).uniform(size=(20, len(scenario.space))):
        conditions = scenario.space.from_unit(point)
        assert scenario.space.check(scenario.space.nearest(conditions))
    for wrong, words in [({"t_c": 1.0}, "no value"), ({"t_c": float("nan"), "heat": 1.0}, "not a number"), (7, "a mapping")]:
        with pytest.raises(flowtwin.ConditionsError, match=words):
            levels.nearest(wrong)  # type: ignore[arg-type]
