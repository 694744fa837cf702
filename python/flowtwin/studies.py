"""Benchmarks of policies, studies of a rig, calibrations, and the claims of the paper."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from flowtwin import _flowtwin
from flowtwin._flowtwin import Frame, Space
from flowtwin.campaign import Progress, Run, run
from flowtwin.found import Found, Shadow
from flowtwin.outside import command_of
from flowtwin.policy import OwnPolicy
from flowtwin.progress import watching
from flowtwin.scenario import Scenario

__all__ = ["Benchmark", "Calibration", "Paper", "Study", "benchmark", "calibrate", "paper", "shadow", "study"]

AnyScenario = Scenario | str | os.PathLike[str]
Factory = Callable[[Space, int], OwnPolicy]


class Benchmark(Found):
    """Policies on the same seeds, and what can be said about them."""

    __slots__ = ()

    @property
    def table(self) -> Frame:
        """A row for every experiment of every campaign: that of ``table.parquet``, which pandas, polars and pyarrow take."""
        table = self._found.table
        assert table is not None
        return table

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What was found, scenario by scenario: ``sentence``, ``leader``, ``leads``, ``standings``, ``comparisons``, …"""
        return cast("list[dict[str, Any]]", json.loads(self._found.json))

    def __repr__(self) -> str:
        return f"Benchmark({self.findings[0]['sentence']!r})"


class Calibration(Found):
    """A scenario fitted to what a rig has measured."""

    __slots__ = ("_path",)

    def __init__(self, found: _flowtwin.Found, path: Path) -> None:
        super().__init__(found)
        self._path = path

    @property
    def result(self) -> dict[str, Any]:
        """The object of ``calibration.json``."""
        return cast("dict[str, Any]", json.loads(self._found.json))

    @property
    def parameters(self) -> list[dict[str, Any]]:
        """Each free key: ``key``, ``value``, ``low``, ``high`` (95 %), ``identifiable``, ``correlated_with``."""
        return cast("list[dict[str, Any]]", self.result["parameters"])

    @property
    def scenario(self) -> Scenario:
        """The fitted scenario, which extends the one that was given."""
        text = self._found.toml
        assert text is not None
        return Scenario(text, path=self._path)

    def __repr__(self) -> str:
        return f"Calibration({', '.join(p['key'] for p in self.parameters)})"


class Paper(Found):
    """Every claim of the paper beside what the simulator does."""

    __slots__ = ()

    @property
    def claims(self) -> list[dict[str, Any]]:
        """The claims: ``id``, ``text``, ``paper``, ``simulated``, ``low``, ``high``, ``pass``, ``kind``."""
        return cast("list[dict[str, Any]]", json.loads(self._found.json))

    def __repr__(self) -> str:
        claims = self.claims
        return f"Paper({sum(claim['pass'] for claim in claims)} of {len(claims)} claims pass)"


def entrant(name: str | None, policy: str | Factory) -> tuple[str, Factory | None]:
    """A policy as a benchmark takes it; results of a class that has been changed since are not taken for its own."""
    if isinstance(policy, str):
        return (policy if name is None or name == policy else f"{name}={policy}"), None
    from flowtwin.digest import digest_of

    own, _, command = command_of(policy).partition("=")
    return f"{name or own}={command} # {digest_of(policy)}", policy


def benchmark(
    scenarios: AnyScenario | Sequence[AnyScenario],
    policies: Mapping[str, str | Factory] | Sequence[str | Factory],
    *,
    seeds: int | Iterable[int] = 10,
    opening: int | None = None,
    experiments: int | None = None,
    jobs: int | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: bool | Callable[..., object] = False,
) -> Benchmark:
    """Compares policies on the same seeds.

    Args:
        scenarios: One or several, each with another name.
        policies: Policies as scenarios name them, ``"auto"`` or ``"ei@gp"``, and classes of your own (see :class:`OwnPolicy`): a
            list, or a dictionary that names them.
        seeds: Which seeds, or how many from 1 on.
        opening: Experiments of a Latin hypercube that all share; what the scenario says if left out.
        experiments: Experiments of each policy's own; what the scenario says if left out.
        jobs: Campaigns at the same time, as many as there are cores if left out. They change no result.
        out: A folder that keeps finished campaigns, so that a benchmark can be stopped and go on. Those of a class of yours are
            taken up as long as its code is the same, with base classes, helpers, and the values that it holds; if it holds what
            cannot be compared they are done again. Another benchmark that is there stays; this one goes into ``out-2`` then.
        progress: True to show it, or a function that is told how many campaigns are done, and of how many.

    Raises:
        ScenarioError, ValueError: If something that was given is not valid.
        PolicyError: If a policy failed. The exception of your own policy is its ``__cause__``.
    """
    import tempfile

    several = [scenarios] if isinstance(scenarios, Scenario | str | os.PathLike) else list(scenarios)
    named = policies.items() if isinstance(policies, Mapping) else [(None, policy) for policy in policies]
    entrants = [entrant(name, policy) for name, policy in named]
    chosen = list(range(1, seeds + 1)) if isinstance(seeds, int) else list(seeds)
    with tempfile.TemporaryDirectory() as folder, watching(progress) as tell:
        found = _flowtwin.benchmark(several, entrants, chosen, opening, experiments, jobs, out or folder, tell)
    return Benchmark(found)


def calibrate(
    scenario: AnyScenario,
    data: Run | str | os.PathLike[str] | Sequence[Run | str | os.PathLike[str]],
    *,
    free: Sequence[str | Mapping[str, Any]] | Mapping[str, tuple[float, float]] = (),
) -> Calibration:
    """Fits numbers of a scenario to what its rig has measured.

    Args:
        scenario: A scenario with a rig.
        data: Runs, run folders, or CSV files of the rig.
        free: Which keys may change, such as ``"optics.counts_scale"``; a dictionary gives each the range that it may have. Those of
            the scenario's ``[calibration]`` if left out.

    Raises:
        ScenarioError: If a key or the data cannot be used.
    """
    known = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    return fitted(known, data, free, known, [])


def as_json(free: Sequence[str | Mapping[str, Any]] | Mapping[str, tuple[float, float]]) -> list[str]:
    """Free keys as the library reads them."""
    if isinstance(free, Mapping):
        specs: list[Mapping[str, Any]] = [{"key": k, "low": low, "high": high} for k, (low, high) in free.items()]
    else:
        specs = [{"key": key} if isinstance(key, str) else key for key in free]
    return [json.dumps(dict(spec)) for spec in specs]


def fitted(
    scenario: Scenario,
    data: Run | str | os.PathLike[str] | Sequence[Run | str | os.PathLike[str]],
    free: Sequence[str | Mapping[str, Any]] | Mapping[str, tuple[float, float]],
    before: Scenario,
    tables: Sequence[str],
) -> Calibration:
    """A calibration that extends the file of ``before``, from which the scenario differs in some tables already."""
    import tempfile

    paths = [data] if isinstance(data, Run | str | os.PathLike) else list(data)
    with tempfile.TemporaryDirectory() as folder:
        files = [os.fspath(saved(run, Path(folder) / str(place))) for place, run in enumerate(paths)]
        base = before._path
        found = _flowtwin.calibrate(scenario, files, as_json(free), os.fspath(base.absolute()), before, tables)
    return Calibration(found, base.with_name(f"{base.stem}-calibrated.toml"))


class Study(Found):
    """What a study has found of a rig."""

    __slots__ = ("_given", "_left_out", "_run", "_tables")

    def __init__(
        self,
        found: _flowtwin.Found,
        tables: Mapping[str, str],
        run: Run,
        given: Scenario,
        left_out: Sequence[str],
    ) -> None:
        super().__init__(found)
        self._tables = dict(tables)
        self._run = run
        self._given = given
        self._left_out = list(left_out)

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The numbers: ``study``, ``of``, ``what``, ``unit``, ``value``, ``low``, ``high`` (95 %), ``n``, and ``key`` where it is a key of
        a scenario."""
        return cast("list[dict[str, Any]]", json.loads(self._found.json)["findings"])

    @property
    def notes(self) -> list[str]:
        """What is to be said besides, a sentence each."""
        return cast("list[str]", json.loads(self._found.json)["notes"])

    @property
    def tables(self) -> dict[str, str]:
        """Tables of what was read, as CSV, by the names that the command line gives their files: ``flow.csv``, ``tracer.csv``,
        ``ramp.csv``."""
        return dict(self._tables)

    @property
    def left_out(self) -> list[str]:
        """What the rig cannot do of it, a sentence each."""
        return list(self._left_out)

    @property
    def run(self) -> Run:
        """The run in which it was done."""
        return self._run

    @property
    def scenario(self) -> Scenario:
        """The scenario with the keys that were found; the one that was given where none was."""
        if self._found.toml is None:
            return self._given
        path = self._given._path
        return Scenario(self._found.toml, path=path.with_name(f"{path.stem}-studied.toml"))

    def calibrate(self, *, free: Sequence[str | Mapping[str, Any]] | Mapping[str, tuple[float, float]] = ()) -> Calibration:
        """Fits more keys to all that the study has read: :func:`calibrate` of :attr:`scenario`.

        Raises:
            ScenarioError: If nothing can be learnt from it, or a key cannot be used.
        """
        tables = sorted({one["key"].split(".")[0] for one in self.findings if one.get("key")})
        return fitted(self.scenario, [self._run], free, self._given, tables)

    def __repr__(self) -> str:
        return f"Study({len(self.findings)} numbers)"


def study(
    scenario: AnyScenario,
    study: str,
    *,
    at: Mapping[str, float | str] | None = None,
    count: int | None = None,
    start: Mapping[str, float | str] | None = None,
    end: Mapping[str, float | str] | None = None,
    minutes: float | None = None,
    design: int | None = None,
    adaptive: bool = False,
    free: Sequence[str | Mapping[str, Any]] | Mapping[str, tuple[float, float]] = (),
    seed: int | None = None,
    backend: str = "sim",
    as_it_is: AnyScenario | None = None,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: bool | Progress = False,
) -> Study:
    """Measures what a rig must show before its simulator can be fitted to it.

    Args:
        scenario: A scenario with a rig.
        study: ``"tracer"``, ``"flow"``, ``"heat"``, ``"light"``, ``"replicates"``, ``"ramp"``, or ``"commission"``: all of these and
            12 experiments.
        at: Conditions of the replicates. Inputs that are not named stay in the middle of their range, here and below.
        count: How many replicates.
        start: Where the ramp begins.
        end: Where it ends.
        minutes: How long the lights are watched, or the ramp takes [min].
        design: How many ramps are chosen in simulation, in place of one from ``start`` to ``end``, so that each hour of lab time tells
            most of the free keys (1 to 20).
        adaptive: Whether each of them but the first is chosen when those before it have been measured, by a calibration with them.
        free: The keys that the ramps are chosen for, as in :func:`calibrate`; those that ``[calibration]`` names if left out.
        seed: Seed of all randomness; the scenario's if left out.
        backend: ``"sim"`` or ``"emulated"``.
        as_it_is: A scenario with other numbers, whose simulated rig stands in for the real one.
        out: A run folder to write. In memory if left out.
        resume: Whether to go on with the study in ``out``.
        progress: True to show it, or a function that is told each experiment.

    Raises:
        ScenarioError: If the rig can do nothing of it, or no ramp can be designed.
        ValueError: If ``adaptive`` or ``free`` is given without ``design``.
        ConditionsError: If conditions lie outside the space.
        Fault: If the rig could not be made safe.
        KeyboardInterrupt: After Ctrl-C, when the rig is safe. What was done until then is the attribute ``run`` of the exception.
    """
    given = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    if design is None and (adaptive or free):
        raise ValueError(f"{'adaptive' if adaptive else 'free'} says nothing without design")
    ramps = None if design is None else (design, adaptive, as_json(free))
    drawn_up, left_out = _flowtwin.drawn_up(given, study, at, count, start, end, minutes, ramps)
    done = run(
        cast("Scenario", drawn_up),
        seed=seed,
        backend=backend,
        as_it_is=as_it_is,
        out=out,
        resume=resume,
        progress=progress,
    )
    found, tables = _flowtwin.read_off(given, study, done.journal, os.fspath(given._path.absolute()))
    return Study(found, dict(tables), done, given, left_out)


def shadow(scenario: AnyScenario, run: Run | str | os.PathLike[str]) -> Shadow:
    """Holds a run of a rig against a calibrated scenario: is the rig as it was, and if not, what has moved?

    Args:
        scenario: A calibrated scenario of the rig.
        run: A run, or its folder.

    Raises:
        ScenarioError: If the scenario cannot be simulated.
        FlowtwinError: If the run cannot be read, or has no experiment to look at.
    """
    if isinstance(run, Run):
        return Shadow(_flowtwin.shadow(scenario, run.journal, None))
    return Shadow(_flowtwin.shadow(scenario, None, run))


def saved(data: Run | str | os.PathLike[str], folder: Path) -> str | os.PathLike[str]:
    """Where a run is, or the folder where it is put."""
    if not isinstance(data, Run):
        return data
    if data.path is not None:
        return data.path
    data.save(folder)
    return folder


def paper(
    scenario: str | os.PathLike[str] | None = None, *, seeds: int = 10, first_seed: int = 1, jobs: int | None = None
) -> Paper:
    """Judges every claim of the paper by simulated rigs.

    Args:
        scenario: The file of another scenario than the paper's.
        seeds: How many rigs.
        first_seed: The seed of the first.
        jobs: Rigs at the same time, as many as there are cores if left out.

    Raises:
        ScenarioError: If the scenario lacks something that a claim is about.
    """
    return Paper(_flowtwin.paper(scenario, first_seed, seeds, jobs))
