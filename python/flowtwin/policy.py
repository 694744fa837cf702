"""Policies that are asked what to try next, and told what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from flowtwin import _flowtwin
from flowtwin._flowtwin import Observation, Space

__all__ = ["Conditions", "Goal", "OwnPolicy", "Policy", "Result"]

#: A value for each input, by its name: a number, or the name of an option.
Conditions = Mapping[str, float | str]

#: What came of an experiment: an observation, a number, numbers by name, or None where it failed.
Result = Observation | float | Mapping[str, float | None] | None

#: What is wanted of a feature: ``"maximize"``, ``"minimize"``, or a table such as ``{"target": 450.0}``.
Goal = str | Mapping[str, Any]


class OwnPolicy(Protocol):
    """What a policy of your own needs to take part in :func:`flowtwin.run` and :func:`flowtwin.benchmark`.

    Give the class itself, or any function of a space and a seed that returns such an object. It is made once for a campaign; it is
    told every experiment, in order, before it is asked for the next. A run that is resumed makes another one and tells it the
    history without asking: let what it proposes depend on the seed and on what it was told, and on nothing else, for example by
    ``numpy.random.default_rng([seed, told])``. Then a campaign with it is repeated, and resumed, to the byte.
    """

    def ask(self, n: int) -> Sequence[Conditions]:
        """The next ``n`` experiments."""

    def tell(self, conditions: dict[str, float | str], result: Any) -> None:
        """What came of one: a number to be made as large as possible, None where it failed; where several things are wanted, or
        limits set, each outcome by its name, in its own unit."""


def objectives_of(objectives: Mapping[str, Goal] | Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """Objectives as a scenario has them: tables of ``feature``, ``goal`` and ``worst``."""
    if objectives is None:
        return [{"feature": "outcome"}]
    if isinstance(objectives, Mapping):
        return [{"feature": feature, "goal": goal} for feature, goal in objectives.items()]
    return [dict(objective) for objective in objectives]


class Policy:
    """Decides what to try next, from what it was told: the policies of scenarios, to be asked by hand.

    It is a pure function of its history, its seed and what is pending: the same words in the same order give the same proposals, on any
    machine and with any number of threads.

    >>> space = Space(temperature_c=(120.0, 150.0))
    >>> policy = Policy("auto", space, seed=1)
    >>> (proposal,) = policy.ask(1)
    >>> policy.tell(proposal, 0.7)
    """

    __slots__ = {"_core": "What decides.", "_made": "What it was made of, to make it again.", "space": "What may be chosen."}

    def __init__(
        self,
        name: str | Mapping[str, Any] = "auto",
        space: Space | None = None,
        *,
        objectives: Mapping[str, Goal] | Sequence[Mapping[str, Any]] | None = None,
        limits: Sequence[Mapping[str, Any]] = (),
        surrogate: str = "gp",
        seed: int = 1,
        planned: int = 50,
        phase: str = "auto",
        jobs: int | None = None,
    ) -> None:
        """Makes a policy.

        Args:
            name: ``"auto"``, ``"ei"``, ``"random"``, … or a table with keys, such as ``{"ucb": {"lambda": 2.0}}``.
            space: What may be chosen, such as ``scenario.space``.
            objectives: What is wanted of which outcome; one ``outcome`` is maximised if left out.
            limits: What must hold: tables of ``feature`` and ``at_least`` or ``at_most``.
            surrogate: What it learns with, if it does not decide that itself.
            seed: Seed of its draws, 0 to 2**64 - 1.
            planned: How many experiments there will be; designs spread over so many.
            phase: Name of the phase whose random streams it uses: with the name, seed and experiments of a phase of a campaign it
                proposes what that campaign did.
            jobs: Threads, all cores if left out. They change no result.

        Raises:
            ValueError: If there is no such policy, surrogate or goal.
        """
        if space is None:
            raise TypeError("a policy needs a space: what may be chosen")
        self.space = space
        self._made = (
            name if isinstance(name, str) else json.dumps(name),
            space,
            json.dumps(objectives_of(objectives)),
            json.dumps([dict(limit) for limit in limits]),
            surrogate,
            seed,
            phase,
            planned,
            jobs,
        )
        self._core = _flowtwin.Chooser(*self._made)

    def __deepcopy__(self, memo: dict[int, Any]) -> Policy:
        """One that has been told the same, and goes on by itself."""
        again = object.__new__(type(self))
        again.space, again._made, again._core = self.space, self._made, _flowtwin.Chooser(*self._made)
        again._core.follow(self._core)
        return again

    def ask(self, n: int = 1) -> list[dict[str, float | str]]:
        """Proposes ``n`` experiments, which are pending until they are told.

        Raises:
            PolicyError: If no conditions meet the constraints, or the history cannot be learnt from.
        """
        return self._core.ask(n)

    def tell(self, conditions: Conditions, result: Result) -> None:
        """Tells what came of an experiment, asked for or not.

        Args:
            conditions: A value for each input.
            result: An observation, of which the features that matter are taken; a number, where one outcome matters; numbers by
                name; or None where the experiment failed.

        Raises:
            ConditionsError: If the conditions cannot be set, or an outcome is missing.
        """
        self._core.tell(conditions, result)

    def expect(self, conditions: Conditions) -> None:
        """Takes conditions for pending that somebody else has decided on: they are not proposed again."""
        self._core.expect(conditions)

    def forget(self, conditions: Conditions) -> bool:
        """Takes back a proposal that nobody will try; whether it was pending."""
        return self._core.forget(conditions)

    @property
    def name(self) -> str:
        """Its name, as scenarios spell it."""
        return self._core.name

    @property
    def pending(self) -> list[dict[str, float | str]]:
        """What was proposed and not told yet, in order."""
        return self._core.pending

    @property
    def history(self) -> list[tuple[dict[str, float | str], dict[str, float | None]]]:
        """Conditions and outcomes of what was told, in order; None for what was not measured."""
        return self._core.history

    @property
    def best(self) -> tuple[dict[str, float | str], dict[str, float | None]] | None:
        """The best of the history, where one thing is wanted."""
        place = self._core.best
        return None if place is None else self.history[place]

    def __repr__(self) -> str:
        return f"Policy({self.name!r}, {len(self.history)} told, {len(self.pending)} pending)"
