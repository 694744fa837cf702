"""Adapters against the packages that they are for."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from support import SCENARIOS, small

import flowtwin


def needs(package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(importlib.util.find_spec(package) is None, reason=f"{package} is not installed")


@needs("gymnasium")
def test_the_environment_passes_the_check_of_gymnasium() -> None:
    from gymnasium.utils.env_checker import check_env

    from flowtwin.adapters.gymnasium import CampaignEnv

    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_env(CampaignEnv(small(), budget=5), skip_render_check=True)


@needs("gymnasium")
def test_an_episode_is_repeated_and_its_return_is_the_improvement() -> None:
    from flowtwin.adapters.gymnasium import CampaignEnv

    def episode() -> tuple[float, list[float]]:
        env = CampaignEnv(small(), budget=6)
        state, _ = env.reset(seed=3)
        draws, total, scores = np.random.default_rng(1), 0.0, []
        assert env.observation_space.contains(state) and state[-1] == 1.0
        truncated = False
        while not truncated:
            state, reward, terminated, truncated, info = env.step(draws.uniform(size=len(env.space)))
            assert not terminated and env.observation_space.contains(state)
            total += reward
            assert env.seen is not None and info["features"] == env.seen.features
            scores.append(env.scenario.score(env.seen))
        assert len(scores) == 6
        return total, scores

    total, scores = episode()
    assert total == pytest.approx(max(scores) - scores[0]) and episode() == (total, scores)


@needs("optuna")
@pytest.mark.filterwarnings("ignore")
def test_optuna_samples_by_our_policies() -> None:
    import optuna

    from flowtwin.adapters.optuna import FlowtwinSampler

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", -5.0, 5.0)
        n = trial.suggest_int("n", 1, 8)
        rate = trial.suggest_float("rate", 1e-3, 1.0, log=True)
        kind = trial.suggest_categorical("kind", ["a", "b", None])
        if n == 8:
            raise optuna.TrialPruned
        return (x - 1.0) ** 2 + abs(n - 3) + np.log10(rate) ** 2 + (0.0 if kind == "b" else 1.0)

    def study() -> list[dict]:
        study = optuna.create_study(sampler=FlowtwinSampler("ei", seed=2))
        study.optimize(objective, n_trials=14)
        assert study.best_value < 6.0
        return [trial.params for trial in study.trials]

    assert study() == study()


@needs("optuna")
@pytest.mark.filterwarnings("ignore")
def test_optuna_with_two_directions_and_running_trials() -> None:
    import optuna

    from flowtwin.adapters.optuna import FlowtwinSampler

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=FlowtwinSampler(seed=1, planned=8))
    for _ in range(4):
        trial = study.ask()
        x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
        study.tell(trial, [x, y])
    running = []
    for _ in range(3):
        trial = study.ask()
        running.append((trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)))
    assert len(set(running)) == 3


@needs("gest_api")
def test_a_generator_suggests_and_ingests() -> None:
    from gest_api.vocs import VOCS

    from flowtwin.adapters.gest import FlowtwinGenerator, vocs_of

    vocs = VOCS(
        variables={"x": [0.0, 10.0], "n": {1, 2, 3}, "kind": {"a", "b"}},
        objectives={"f": "MINIMIZE"},
        constraints={"c": ["LESS_THAN", 12.0]},
        constants={"alpha": 1.5},
    )
    generator = FlowtwinGenerator(vocs, policy="ei", seed=1)
    for _ in range(4):
        points = generator.suggest(2)
        assert len(points) == 2
        for point in points:
            assert set(point) == {"x", "n", "kind", "alpha"} and point["kind"] in {"a", "b"} and point["n"] in {1, 2, 3}
            point["f"], point["c"] = (point["x"] - 3.0) ** 2, point["x"] + point["n"]
        generator.ingest(points)
    generator.ingest([{"x": 1.0, "n": 2, "kind": "a", "f": float("nan"), "c": None}])
    assert len(generator.policy.history) == 9 and not generator.policy.pending
    assert len(generator.suggest()) == 1
    with pytest.raises(ValueError, match="at least one objective"):
        FlowtwinGenerator(VOCS(variables={"x": [0.0, 1.0]}, objectives={}))
    with pytest.raises(ValueError, match="neither"):
        FlowtwinGenerator(VOCS(variables={"x": [0.0, 1.0]}, objectives={"f": "EXPLORE"}))
    assert set(vocs_of(small()).variables) == set(small().space.names)


@needs("event_model")
def test_a_run_becomes_documents_that_bluesky_accepts() -> None:
    import event_model

    from flowtwin.adapters.bluesky import documents

    run = flowtwin.run(small(), seed=1)
    told = list(documents(run))
    assert [name for name, _ in told] == ["start", "descriptor", *["event"] * 8, "stop"]
    for name, document in told:
        event_model.schema_validators[event_model.DocumentNames[name]].validate(document)
    assert told[2][1]["data"]["red_ul_per_min"] == run.experiments()[0].conditions["red_ul_per_min"]
    assert [document["uid"] for _, document in documents(run)] == [document["uid"] for _, document in told]
    assert told[-1][1]["exit_status"] == "success"


@needs("bluesky")
@needs("event_model")
def test_a_callback_of_bluesky_takes_the_documents() -> None:
    from event_model import RunRouter

    from flowtwin.adapters.bluesky import documents

    taken: list[str] = []

    def factory(name: str, document: dict):  # type: ignore[no-untyped-def]
        return [lambda name, document: taken.append(name)], []

    router = RunRouter([factory])
    for name, document in documents(flowtwin.run(SCENARIOS / "pump-stall.toml")):
        router(name, document)
    assert taken[0] == "start" and taken[-1] == "stop"


@needs("botorch")
@pytest.mark.filterwarnings("ignore")
def test_botorch_takes_a_scenario_for_a_test_function() -> None:
    import torch

    from flowtwin.adapters.botorch import ScenarioFunction

    function = ScenarioFunction(small(), seed=1)
    low, high = function.bounds
    x = low + (high - low) * torch.rand(2, 3, function.dim, dtype=torch.float64)
    values = function(x)
    assert values.shape == (2, 3) and torch.equal(values, function(x))
    noisy = ScenarioFunction(small(), seed=1, noisy=True)
    assert not torch.equal(noisy(x), noisy(x))
