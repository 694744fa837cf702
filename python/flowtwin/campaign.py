"""Campaigns: run one, and read what it left."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, cast

from flowtwin import _flowtwin
from flowtwin._flowtwin import Frame, Lab, Observation, Space
from flowtwin.errors import Fault, FlowtwinError
from flowtwin.found import Shadow
from flowtwin.outside import command_of
from flowtwin.policy import OwnPolicy
from flowtwin.progress import watching
from flowtwin.scenario import Scenario

__all__ = ["Decision", "OwnLab", "Progress", "Proposal", "Run", "run"]

#: Is told the number of an experiment that has ended, of how many, the phase, and what was observed.
Progress = Callable[[int, int, str, Observation], object]


class OwnLab(Protocol):
    """What a lab of your own needs to take part in :func:`run`. A :class:`flowtwin.Lab` is one too.

    A lab that is a simulation says so: it has an attribute ``simulated`` that is True. Without it the lab counts as a rig, and tables
    and pages call what it yields measured.
    """

    def measure(self, conditions: dict[str, float | str]) -> Observation | Mapping[str, Any] | None:
        """Runs an experiment.

        Returns:
            The features by name, within ±1e100, None for what was not measured. ``lab_time_s`` says how long it took [s], else it is
            the time that passed; ``flags`` what is wrong with the measurement, ``fault`` why it failed. None if it failed for no known
            reason.
        """

    def make_safe(self) -> None:
        """Ends the work, however the campaign ended; it may be left out. Called once.

        Where ``measure`` does not come back, it is called beside it, in another thread: after a second Ctrl-C, and when the interpreter has
        waited for a second at its end.
        """


class Run:
    """A run: what was proposed and measured, from its journal."""

    __slots__ = ("_left",)

    def __init__(self, left: _flowtwin.Left) -> None:
        self._left = left

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Run:
        """Reads the run of a run folder, or of the journal in it.

        Raises:
            FlowtwinError: If there is none, or the journal is damaged; the text names its line.
        """
        return cls(_flowtwin.Left.load(path))

    @property
    def observations(self) -> Frame:
        """A row for each experiment, with the columns of ``observations.csv``: a table that pandas, polars and pyarrow take
        (``pandas.DataFrame.from_arrow``, ``polars.DataFrame``, ``pyarrow.table``)."""
        return self._left.table()

    @property
    def spectra(self) -> Frame:
        """A row for each pixel of each spectrum, with the columns of ``spectra.parquet``."""
        return self._left.spectra()

    @property
    def front(self) -> Frame | None:
        """The best compromises, a row each; None where one thing is wanted. A notebook shows it with the figures of the report: how it
        grew, and what each compromise gives up."""
        return self._left.front()

    def experiments(self) -> list[Observation]:
        """The experiments in order, failed ones included."""
        return self._left.observations

    @property
    def summary(self) -> dict[str, Any]:
        """The object of ``summary.json``."""
        return cast("dict[str, Any]", json.loads(self._left.summary()))

    @property
    def journal(self) -> bytes:
        """The journal: the bytes that the command line writes."""
        return self._left.journal

    @property
    def journal_sha256(self) -> str:
        """SHA-256 of the journal [hexadecimal]."""
        return self._left.journal_sha256

    @property
    def complete(self) -> bool:
        """Whether the campaign came to its end."""
        return self._left.complete

    @property
    def fault(self) -> Fault | None:
        """What stopped it, if something did. The lab is safe, unless its ``kind`` is ``"not_safe"``: then somebody has to see to
        it."""
        return self._left.fault

    @property
    def shadow(self) -> Shadow | None:
        """What the shadow saw that was beside it; None without one. :func:`flowtwin.shadow` makes one of any run."""
        found = self._left.shadow
        return None if found is None else Shadow(found)

    @property
    def seed(self) -> int:
        """Its seed."""
        return self._left.seed

    @property
    def scenario(self) -> Scenario:
        """The scenario that the journal records, with every default filled in."""
        return Scenario.from_dict(json.loads(self._left.scenario.definition()))

    @property
    def path(self) -> Path | None:
        """The run folder, if it has one."""
        path = self._left.path
        return None if path is None else Path(path)

    def report(self, path: str | os.PathLike[str] | None = None) -> str:
        """The page ``report.html``; with a ``path`` it is written there too."""
        page = self._left.page()
        if path is not None:
            Path(path).write_text(page, encoding="utf-8")
        return page

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes the run folder: the journal, and everything that is made of it.

        Raises:
            FileExistsError: If another run is there.
        """
        self._left.save(folder)

    def _repr_html_(self) -> str:
        return _flowtwin.framed(self.report(), 720)

    def __str__(self) -> str:
        return self._left.text()

    def __repr__(self) -> str:
        ended = "complete" if self.complete else f"not complete: {self.fault}" if self.fault else "not complete"
        return f"Run({self._left.scenario_name!r}, seed={self.seed}, {len(self.observations)} experiments, {ended})"


#: What ``run(review=…)`` may answer.
Decision: TypeAlias = Literal["accept", "skip", "stop"] | tuple[Literal["change", "add"], Mapping[str, float | str]]


@dataclass(frozen=True)
class Proposal:
    """What a policy proposes, for ``run(review=…)``, which answers ``"accept"``; ``"skip"``, and another is proposed; ``"stop"``, and the
    lab is made safe; ``("change", {…})`` with the values that differ from the proposal; or ``("add", {…})``, likewise, for an experiment
    that is done before the policy is asked again.

    Attributes:
        experiment: Number of the experiment in the run, from 1.
        phase: Name of the phase.
        policy: The policy that proposes.
        place: Number among the experiments of the phase, from 1; those that were added do not count.
        of: How many experiments the phase has at most.
        may_skip: How many more proposals of the phase may be skipped.
        conditions: What is proposed, by the names of the inputs.
        expected: What is expected of each outcome, in its unit: the mean, and the ends between which a measured value lies in 95 of
            100 cases; None where too little has been measured.
        latest: What the latest experiment has yielded of each outcome; None where it has not.
        lab_time_s: Lab time that it would take [s].
        reagent_ml: Liquids that it would take [mL].
    """

    experiment: int
    phase: str
    policy: str
    place: int
    of: int
    may_skip: int
    conditions: dict[str, float | str]
    expected: dict[str, tuple[float, float, float] | None]
    latest: dict[str, float | None]
    lab_time_s: float
    reagent_ml: float


def run(
    scenario: Scenario | str | os.PathLike[str],
    *,
    seed: int | None = None,
    policy: Callable[[Space, int], OwnPolicy] | None = None,
    lab: OwnLab | Lab | str | None = None,
    backend: str = "sim",
    as_it_is: Scenario | str | os.PathLike[str] | None = None,
    patience_s: float = 600.0,
    shadow: Scenario | str | os.PathLike[str] | None = None,
    on_drift: str = "flag",
    jobs: int | None = None,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    review: Callable[[Proposal], Decision] | None = None,
    progress: bool | Progress = False,
) -> Run:
    """Runs all phases of a campaign.

    Args:
        scenario: The scenario, or the path of its file.
        seed: Seed of all randomness; the scenario's if left out.
        policy: A class of your own (see :class:`OwnPolicy`) in place of the policies of the last phases.
        lab: A lab of your own (see :class:`OwnLab`) in place of the simulated one, or the command of a program that is one (see
            :meth:`Lab.outside`).
        backend: ``"sim"``, or ``"emulated"``: drivers, bytes and emulated instruments over the same simulation.
        as_it_is: Another scenario of the rig, whose numbers differ: its simulated rig stands in for the real one, and everybody
            else believes ``scenario``.
        patience_s: How long such a program may be silent [s].
        shadow: A calibrated scenario of the same rig, which says what has moved (see :class:`Shadow`); what it saw is
            :attr:`Run.shadow`, and in a run folder ``shadow.csv`` and ``shadow.json``.
        on_drift: ``"flag"``; ``"recalibrate"``: the shadow goes on with new values, which the journal records; or ``"stop"``: an
            alarm of the shadow stops the run with a fault whose kind is ``moved``.
        jobs: Threads, all cores if left out. They change no result.
        out: A run folder to write. In memory if left out; :meth:`Run.save` writes it later.
        resume: Whether to go on with the run in ``out``.
        review: A function that decides on each proposal (see :class:`Proposal`) before it is done. It is called in the thread that
            called :func:`run`, and may take its time: a simulation stands still meanwhile, a real rig is made safe. Its exception ends
            the run, and is raised whole. Every decision is in the journal; a run that goes on does not ask for it again.
        progress: True to show it, or a function that is told each experiment.

    Returns:
        The run. A fault that stopped it is its ``fault`` and no exception, as long as the lab is safe.

    Raises:
        ScenarioError: If the scenario is not valid.
        PolicyError: If a policy has no proposal. The exception of your own policy is its ``__cause__``.
        Fault: If the lab is not safe, whatever else there was; that is its ``__cause__``.
        KeyboardInterrupt: After Ctrl-C, when the experiment under way has been broken off and the lab is safe. A second one waits
            for no experiment: a lab in Python is made safe beside it, and a program is told to make itself safe when it answers.
        FlowtwinError: If all experiments failed, or the run folder cannot be used.

        Whatever ends a campaign early has what was done until then as its attribute ``run``, or None if nothing was.
    """
    if isinstance(out, bytes):
        raise TypeError("out is a path, not bytes")
    if resume and out is None:
        raise FlowtwinError("there is nothing to resume without a run folder: give out=")
    if lab is not None and as_it_is is not None:
        raise FlowtwinError("as_it_is says nothing to a lab of its own: the lab is as it is")
    if shadow is None and on_drift != "flag":
        raise FlowtwinError(f"on_drift={on_drift!r} says nothing without a shadow: give shadow=")
    own = None if policy is None else (command_of(policy), policy)
    decide = None if review is None else (lambda told: review(Proposal(**told)))
    with watching(progress) as tell:
        beside = None if shadow is None else (shadow, on_drift)
        left, error = _flowtwin.run(
            scenario, seed, backend, jobs, own, lab, as_it_is, patience_s, beside, out, resume, decide, tell
        )
    done = None if left is None else Run(left)
    if error is not None:
        error.run = done  # type: ignore[attr-defined]
        raise error
    if done is None:
        raise FlowtwinError("the run ended before its first record")
    return done
