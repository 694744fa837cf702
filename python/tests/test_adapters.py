"""Adapters against the packages that they are for."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import ELSEWHERE, ROOT, SCENARIOS, python, small, worded

import flowtwin


def needs(package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(importlib.util.find_spec(package) is None, reason=f"{package} is not installed")


ADAPTERS = sorted(path.stem for path in (ROOT / "python/flowtwin/adapters").glob("[!_]*.py"))
PACKAGES = {"bluesky": "event_model", "gest": "gest_api", "summit": "pandas"}


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs(PACKAGES.get(name, name))) for name in ADAPTERS])
def test_the_program_of_every_page_runs(name: str, tmp_path: Path) -> None:
    page = (ROOT / f"docs/python/adapter-{name}.md").read_text()
    program, *_ = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    told = python(program, cwd=tmp_path, timeout=600)
    assert told.returncode == 0 and told.stdout.strip(), told.stderr


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


@needs("gymnasium")
@pytest.mark.filterwarnings("ignore")
def test_an_environment_has_inputs_that_are_chosen_by_name(tmp_path: Path) -> None:
    from gymnasium.utils.env_checker import check_env

    from flowtwin.adapters.gymnasium import CampaignEnv

    env = CampaignEnv(worded(tmp_path), budget=3)
    check_env(env, skip_render_check=True)
    env.reset(seed=1)
    *_, info = env.step(env.action_space.sample())
    assert info["conditions"]["solvent"] in {"dmf", "water"}


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


@needs("xopt")
@pytest.mark.filterwarnings("ignore")
def test_xopt_steps_with_our_generator_and_finds_the_lowest() -> None:
    from gest_api.vocs import VOCS
    from xopt import Evaluator, Xopt

    from flowtwin.adapters.gest import FlowtwinGenerator

    vocs = VOCS(variables={"x": [0.0, 10.0]}, objectives={"f": "MINIMIZE"})
    generator = FlowtwinGenerator(vocs, policy="ei", seed=1)
    xopt = Xopt(generator=generator, evaluator=Evaluator(function=lambda at: {"f": (at["x"] - 3.0) ** 2}))
    for _ in range(10):
        xopt.step()
    assert len(xopt.data) == 10 and xopt.data["f"].min() < 0.05


@needs("gest_api")
def test_a_scenario_becomes_vocs_with_its_goals_and_limits() -> None:
    from gest_api.vocs import BoundsConstraint, GreaterThanConstraint, LessThanConstraint, MinimizeObjective

    from flowtwin.adapters.gest import FlowtwinGenerator, vocs_of

    scenario = small()
    assert set(vocs_of(scenario).variables) == set(scenario.space.names) and not vocs_of(scenario).constraints
    first, second, *_ = scenario.units
    scenario.objective = {"feature": first, "goal": "minimize"}
    for limit, kind in [
        ({"at_most": 2.0}, LessThanConstraint),
        ({"at_least": 1.0}, GreaterThanConstraint),
        ({"at_least": 1.0, "at_most": 2.0}, BoundsConstraint),
    ]:
        scenario.limits = [{"feature": second, **limit}]
        vocs = vocs_of(scenario)
        assert isinstance(vocs.objectives[first], MinimizeObjective)
        assert isinstance(vocs.constraints[second], kind)
        generator = FlowtwinGenerator(vocs, policy="ei", seed=1)
        for point in generator.suggest(3):
            generator.ingest([{**point, first: sum(point.values()), second: 1.5}])
        (proposal,) = generator.suggest(1)
        assert scenario.space.check(proposal)
    scenario.objective = {"feature": first, "goal": {"target": 1.0}}
    with pytest.raises(ValueError, match=f"the goal of {first} is a target"):
        vocs_of(scenario)


@needs("optuna")
@pytest.mark.filterwarnings("ignore")
def test_steps_of_optuna_are_kept_to() -> None:
    import optuna

    from flowtwin.adapters.optuna import FlowtwinSampler

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seen: list[tuple[float, float, int]] = []

    def objective(trial: optuna.Trial) -> float:
        tenth = trial.suggest_float("tenth", 0.05, 0.95, step=0.1)
        one = trial.suggest_float("one", 0.5, 6.5, step=1.0)
        third = trial.suggest_int("third", 1, 11, step=3)
        seen.append((tenth, one, third))
        return tenth + one + third

    drawn: list[str] = []

    class Watched(FlowtwinSampler):
        def sample_independent(self, study, trial, name, kind):  # type: ignore[no-untyped-def]
            drawn.append(name)
            return super().sample_independent(study, trial, name, kind)

    study = optuna.create_study(sampler=Watched("ei", seed=1))
    study.optimize(objective, n_trials=12)
    assert drawn == ["tenth", "one", "third"], "what is off its steps is drawn at random in place of the proposal"
    for tenth, one, third in seen:
        assert tenth in [pytest.approx(0.05 + 0.1 * i) for i in range(10)]
        assert one in [0.5 + i for i in range(7)]
        assert third in [1, 4, 7, 10]
    assert len(set(seen)) > 6


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


@needs("event_model")
def test_a_router_of_documents_takes_failed_experiments_too() -> None:
    """Every event is validated with its descriptor, as databroker and tiled do, whatever the first that failed had measured."""
    from event_model import DocumentNames, RunRouter, schema_validators, unpack_event_page

    from flowtwin.adapters.bluesky import documents

    class Patchy:
        simulated = True
        done = 0

        def measure(self, conditions: dict) -> dict:
            self.done += 1
            told = {"purity": 0.1 * self.done, "lab_time_s": 1.0}
            return told if self.done % 2 else {**(told if self.done < 3 else {}), "fault": "a bubble", "lab_time_s": 1.0}

    run = flowtwin.run(flowtwin.Scenario(ELSEWHERE), lab=Patchy())
    taken: list[tuple[str, dict]] = []
    router = RunRouter([lambda name, document: ([lambda *told: taken.append(told)], [])])
    for name, document in documents(run):
        schema_validators[DocumentNames[name]].validate(document)
        router(name, document)
    events = [event for name, page in taken if name == "event_page" for event in unpack_event_page(page)]
    assert [name for name, _ in taken if name != "event_page"] == ["start", "descriptor", "descriptor", "stop"]
    assert len(events) == 6
    keys = {document["uid"]: set(document["data_keys"]) for name, document in taken if name == "descriptor"}
    assert all(set(event["data"]) == keys[event["descriptor"]] for event in events)
    assert {event["data"].get("fault") is None for event in events} == {True, False}
    assert taken[0][1]["simulated"] is True


@needs("event_model")
def test_every_event_of_a_stream_has_the_keys_of_its_descriptor() -> None:
    """Whatever one experiment measures and another does not, and however it is named."""
    from event_model import DocumentNames, schema_validators

    from flowtwin.adapters.bluesky import documents

    class Moody:
        simulated = True
        done = 0

        def measure(self, conditions: dict) -> dict:
            self.done += 1
            more = {"late/found.peak": 2.5, "a_ul_per_min": conditions["a_ul_per_min"] + 0.5} if self.done > 2 else {}
            return {"purity": 0.1 * self.done, "lab_time_s": 1.0, **more}

    run = flowtwin.run(flowtwin.Scenario(ELSEWHERE), lab=Moody())
    told = list(documents(run))
    for name, document in told:
        schema_validators[DocumentNames[name]].validate(document)
    (descriptor,) = [document for name, document in told if name == "descriptor"]
    events = [document["data"] for name, document in told if name == "event"]
    assert all(set(data) == set(descriptor["data_keys"]) for data in events)
    assert {"purity", "late_found_peak", "a_ul_per_min", "actual_a_ul_per_min"} <= set(descriptor["data_keys"])
    assert np.isnan(events[0]["late_found_peak"]) and events[5]["late_found_peak"] == 2.5
    assert [data["a_ul_per_min"] for data in events] == [seen.conditions["a_ul_per_min"] for seen in run.experiments()]
    assert events[5]["actual_a_ul_per_min"] == events[5]["a_ul_per_min"] + 0.5


def test_what_adapters_tell_of_bounds_leaves_out_formulas() -> None:
    """Ax, for one, takes bounds on sums only; a bound on a formula has no factors."""
    from flowtwin.adapters._wanted import linear_bounds

    space = flowtwin.Scenario.load(SCENARIOS / "ester-equivalents.toml").space
    assert [bound for bound in space.constraints if "factors" not in bound]
    assert list(linear_bounds(space)) == []
    space = flowtwin.Scenario.load(SCENARIOS / "dye-mixing.toml").space
    found = list(linear_bounds(space))
    assert len(found) == len(space.constraints) > 0
    for (terms, low, high), bound in zip(found, space.constraints, strict=True):
        centre = space.centre()
        total = sum(factor * centre[name] for name, factor in terms.items())
        assert low <= total <= high and (high + bound["constant"], low + bound["constant"]) == (bound["high"], bound["low"])


@needs("pandas")
def test_an_experiment_in_the_manner_of_summit_runs_rows_of_conditions(tmp_path: Path) -> None:
    import pandas

    from flowtwin.adapters.summit import ScenarioExperiment

    experiment = ScenarioExperiment(small(), seed=3)
    assert [each["name"] for each in experiment.domain] == [*experiment.space.names, *experiment.objectives]
    assert [each["is_objective"] for each in experiment.domain] == [False, False, True]
    asked = pandas.DataFrame({"red_ul_per_min": [120.0, 140.0], "blue_ul_per_min": [110.0, 110.0], "strategy": ["lhs", "lhs"]})
    table = experiment.run_experiments(asked)
    assert list(table.columns.names) == ["NAME", "TYPE"] and len(experiment.data) == 2
    lab, (name,) = flowtwin.Lab(small(), seed=3), experiment.objectives
    for place, row in asked.iterrows():
        seen = lab.measure(red_ul_per_min=row["red_ul_per_min"], blue_ul_per_min=row["blue_ul_per_min"])
        assert table[(name, "DATA")][place] == seen[name] and table[("experiment_t", "METADATA")][place] == seen.lab_time_s
    # Tables of names and types, as Summit's are, go in as they come out.
    again = experiment.run_experiments(table)
    assert len(experiment.data) == len(experiment.extras) == 4 and list(again[("strategy", "METADATA")]) == ["lhs", "lhs"]
    experiment.reset()
    assert len(experiment.data) == 0 and experiment.run_experiments(asked).equals(table)
    with pytest.raises(KeyError, match="no column blue_ul_per_min"):
        experiment.run_experiments(asked[["red_ul_per_min"]])
    worded_one = ScenarioExperiment(worded(tmp_path))
    assert [each["type"] for each in worded_one.domain] == ["CategoricalVariable", "ContinuousVariable", "ContinuousVariable"]
    assert worded_one.run_experiments(pandas.DataFrame({"solvent": ["dmf"], "heat": [2]}))[("y", "DATA")][0] == 4.0


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


@needs("ax")
@pytest.mark.filterwarnings("ignore")
def test_ax_runs_its_trials_on_a_scenario() -> None:
    from ax.api.client import Client

    from flowtwin.adapters.ax import configure

    scenario = small()
    client = Client()
    runner = configure(client, scenario, seed=3)
    client.run_trials(max_trials=3, initial_seconds_between_polls=0)
    assert runner.lab.measured == 3
    table = client.summarize()
    assert list(table["trial_status"]) == ["COMPLETED"] * 3
    again = flowtwin.Lab(scenario, seed=3)
    (feature,) = [scenario.definition()["objective"]["feature"]]
    for _, row in table.iterrows():
        wanted = {name: row[name] for name in scenario.space.names}
        seen = again.measure(**scenario.space.nearest(wanted))
        assert row[feature] == pytest.approx(seen[feature])
    scenario.objective = {"feature": feature, "goal": {"target": 1.0}}
    with pytest.raises(ValueError, match="is a target"):
        configure(Client(), scenario)


@needs("ax")
@pytest.mark.filterwarnings("ignore")
def test_ax_knows_limits_choices_and_several_objectives(tmp_path: Path) -> None:
    from ax.api.client import Client

    from flowtwin.adapters.ax import configure

    client = Client()
    configure(client, worded(tmp_path))
    client.run_trials(max_trials=2, initial_seconds_between_polls=0)
    assert set(client.summarize()["solvent"]) <= {"dmf", "water"}
    scenario = flowtwin.Scenario.load(SCENARIOS / "trade-off.toml")
    client = Client()
    configure(client, scenario)
    client.run_trials(max_trials=2, initial_seconds_between_polls=0)
    assert len(client.summarize()) == 2


@needs("baybe")
@pytest.mark.filterwarnings("ignore")
def test_baybe_looks_up_what_a_scenario_yields() -> None:
    from baybe import Campaign
    from baybe.recommenders import RandomRecommender
    from baybe.simulation import simulate_experiment

    from flowtwin.adapters.baybe import lookup, objective_of, searchspace_of

    scenario = small()
    campaign = Campaign(searchspace_of(scenario, points=4), objective_of(scenario), RandomRecommender())
    done = simulate_experiment(campaign, lookup(scenario, noisy=False), batch_size=2, n_doe_iterations=3, random_seed=1)
    assert len(done) == 3
    rows = campaign.searchspace.discrete.exp_rep.head(3)
    found = lookup(scenario, noisy=False)(rows)
    lab = flowtwin.Lab(scenario, seed=1)
    for (_, row), (_, values) in zip(rows.iterrows(), found.iterrows(), strict=True):
        assert values.to_dict() == lab.expected(**scenario.space.nearest(row.to_dict())).features
    assert searchspace_of(scenario).continuous.parameter_names == tuple(scenario.space.names)
    scenario.limits = [{"feature": next(iter(scenario.units)), "at_least": 0.0}]
    with pytest.raises(ValueError, match="limits"):
        objective_of(scenario)


def policies_of_others() -> list[Any]:
    """Policies made of other packages, as far as these are installed."""
    made = []
    for module, name, package in [("botorch", "BotorchPolicy", "botorch"), ("ax", "AxPolicy", "ax"), ("baybe", "BaybePolicy", "baybe")]:
        made.append(pytest.param(module, name, marks=needs(package), id=name))
    return made


@pytest.mark.parametrize(("module", "name"), policies_of_others())
@pytest.mark.filterwarnings("ignore")
def test_a_policy_of_another_package_takes_part_and_is_a_function_of_its_history(module: str, name: str) -> None:
    import torch

    own = getattr(importlib.import_module(f"flowtwin.adapters.{module}"), name)
    scenario = small(experiments=9)
    torch.manual_seed(1)
    first = torch.rand(2)
    torch.manual_seed(1)
    run = flowtwin.run(scenario, seed=5, policy=own)
    assert torch.equal(torch.rand(2), first), "the generator of the process was drawn from"
    assert run.complete and flowtwin.run(scenario, seed=5, policy=own).journal == run.journal
    # One that goes on is told everything without being asked.
    seen = [(each.conditions, scenario.score(each)) for each in run.experiments()]
    again = own(scenario.space, run.summary["phases"][-1].get("seed", 0))
    for conditions, result in seen[:-1]:
        again.tell(conditions, result)
    assert again.ask(1) == again.ask(1) and len(again.ask(3)) == 3
    with pytest.raises(ValueError, match="one objective without limits, not y, z"):
        again.tell(seen[0][0], {"y": 1.0, "z": 2.0})


@pytest.mark.parametrize(("module", "name"), policies_of_others())
@pytest.mark.filterwarnings("ignore")
def test_a_policy_of_another_package_proposes_where_its_model_says_that_it_is_best(module: str, name: str) -> None:
    """One that never comes beyond its opening would not, but once in seventy times. One that learns may explore once."""
    own = getattr(importlib.import_module(f"flowtwin.adapters.{module}"), name)
    space = flowtwin.Space(t_c=(20.0, 90.0), loading=(0.1, 10.0))
    best, away = np.array([0.3, 0.7]), []
    for seed in range(3):
        policy, draws = own(space, seed), np.random.default_rng(seed)
        for _ in range(14):
            at = draws.uniform(size=2)
            policy.tell(space.from_unit(at), -float(np.sum((at - best) ** 2)))
        (proposal,) = policy.ask(1)
        away.append(float(np.linalg.norm(space.to_unit(proposal) - best)))
    assert sorted(away)[1] < 0.15, away


@pytest.mark.parametrize(("module", "name"), policies_of_others())
@pytest.mark.filterwarnings("ignore")
def test_a_policy_of_another_package_learns_in_a_benchmark(module: str, name: str) -> None:
    own = getattr(importlib.import_module(f"flowtwin.adapters.{module}"), name)
    space = flowtwin.Space(t_c=(20.0, 90.0), loading=(0.1, 10.0), ligand=["a", "b"], logarithmic=["loading"])
    worth = lambda at: -(((at["t_c"] - 60.0) / 35.0) ** 2) - np.log10(at["loading"]) ** 2 + (0.5 if at["ligand"] == "b" else 0.0)
    policy = own(space, 5)
    for _ in range(14):
        (proposal,) = policy.ask(1)
        policy.tell(proposal, None if proposal["t_c"] > 80.0 else worth(proposal))
    assert max(worth(conditions) for conditions in policy.tried) > 0.3
    found = flowtwin.benchmark(small(), {"theirs": own, "random": "random"}, seeds=2, opening=5, experiments=1, jobs=2)
    again = flowtwin.benchmark(small(), {"theirs": own, "random": "random"}, seeds=2, opening=5, experiments=1, jobs=1)
    assert (found.table["true_best"] == again.table["true_best"]).all() and "theirs" in found.table["policy"]
