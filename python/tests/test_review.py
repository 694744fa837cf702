"""Campaigns on whose proposals a function of Python decides."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import python, small

import flowtwin
from flowtwin import Proposal
from flowtwin.campaign import Decision


def decisions(run: flowtwin.Run) -> list[Any]:
    records = [json.loads(line)["record"] for line in run.journal.splitlines()]
    return [record["decided"]["decision"] for record in records if "decided" in record]


def of(answers: list[Decision], seen: list[Proposal]) -> Callable[[Proposal], Decision]:
    """Gives one answer after the other, then accepts."""

    def review(proposal: Proposal) -> Decision:
        seen.append(proposal)
        return answers[len(seen) - 1] if len(seen) <= len(answers) else "accept"

    return review


def test_every_proposal_is_shown_and_what_is_decided_is_done_and_recorded() -> None:
    seen: list[Proposal] = []
    first = small().space.names[0]
    low = small().space.inputs[first]["low"]
    answers: list[Decision] = ["accept", ("change", {first: low}), "skip", ("add", {first: low})]
    run = flowtwin.run(small(), seed=1, review=of(answers, seen))
    assert run.complete and len(run.experiments()) == 9
    assert [next(iter(d)) if isinstance(d, dict) else d for d in decisions(run)][:5] == ["accept", "change", "skip", "add", "accept"]
    assert [proposal.experiment for proposal in seen[:5]] == [1, 2, 3, 3, 4]
    assert run.experiments()[1].conditions == {**seen[1].conditions, first: low}
    assert (seen[0].phase, seen[0].policy, seen[0].place, seen[0].of, seen[0].may_skip) == ("start", "lhs", 1, 4, 4)
    assert seen[0].lab_time_s > 0 and seen[0].reagent_ml > 0 and all(value is None for value in seen[0].expected.values())
    last = next(iter(seen[-1].expected.values()))
    assert last is not None and last[1] <= last[0] <= last[2]


def test_who_accepts_everything_changes_nothing_but_the_decisions() -> None:
    alone, reviewed = flowtwin.run(small(), seed=3), flowtwin.run(small(), seed=3, review=lambda _: "accept")
    assert [o.conditions for o in alone.experiments()] == [o.conditions for o in reviewed.experiments()]
    assert decisions(reviewed) == ["accept"] * 8 and decisions(alone) == []


def test_stop_ends_the_run_and_it_goes_on_without_asking_again(tmp_path: Path) -> None:
    seen: list[Proposal] = []
    run = flowtwin.run(small(), seed=1, out=tmp_path / "run", review=of(["accept", "accept", "stop"], seen))
    assert run.fault is not None and run.fault.kind == "interrupted" and len(run.experiments()) == 2
    again = flowtwin.run(small(), seed=1, out=tmp_path / "run", resume=True, review=of([], seen))
    assert again.complete and [proposal.experiment for proposal in seen] == [1, 2, 3, 3, 4, 5, 6, 7, 8]


class OutOfIdeas(Exception):
    pass


def test_an_exception_is_raised_whole_and_what_was_done_is_kept() -> None:
    def review(proposal: Proposal) -> Decision:
        if proposal.experiment == 3:
            raise OutOfIdeas("nobody knows", proposal.conditions)
        return "accept"

    with pytest.raises(OutOfIdeas, match="nobody knows") as raised:
        flowtwin.run(small(), seed=1, review=review)
    assert len(raised.value.run.experiments()) == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (None, flowtwin.FlowtwinError, "review answered None: it must be"),
        ("yes", flowtwin.FlowtwinError, "review answered 'yes'"),
        (("change", 3), flowtwin.FlowtwinError, "review answered"),
        (("change", {"warmth": 1.0}), flowtwin.ConditionsError, "there is no input warmth"),
        (("add", {small().space.names[0]: 1e9}), flowtwin.ConditionsError, "is outside"),
    ],
)
def test_what_makes_no_sense_is_said(answer: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        flowtwin.run(small(), seed=1, review=lambda _: answer)


def test_who_skips_for_ever_is_told() -> None:
    with pytest.raises(flowtwin.FlowtwinError, match="as many proposals of phase start were skipped"):
        flowtwin.run(small(), seed=1, review=lambda _: "skip")


CTRL_C = """
import os, signal, threading, flowtwin
from support import *
signal.signal(signal.SIGINT, signal.default_int_handler)
def review(proposal):
    if proposal.experiment < 3:
        return "accept"
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait()
try:
    flowtwin.run(small(), seed=1, review=review)
except KeyboardInterrupt as stopped:
    print(len(stopped.run.experiments()), stopped.run.fault.kind)
"""


def test_ctrl_c_is_heard_while_somebody_thinks() -> None:
    told = python(CTRL_C, timeout=120)
    assert told.stdout.split() == ["2", "interrupted"], told.stderr
