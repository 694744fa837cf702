"""Pumps that take a rate and tell little: this program keeps the time, and what was delivered follows from it."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass

from flowtwin.instrument import Fault, Instrument

__all__ = ["RatePump"]

#: How much longer than its volume takes a pump that counts may run [s], and as a share of that time.
LATE_S, LATE = 1.0, 0.02
#: Time between two attempts to stop a pump [s].
AGAIN_S = 0.2


@dataclass
class Run:
    """A volume under way."""

    rate_ul_per_min: float
    volume_ul: float
    begun_s: float
    ended_s: float | None = None
    trouble: str | None = None

    @property
    def takes_s(self) -> float:
        return 60.0 * self.volume_ul / self.rate_ul_per_min

    def delivered_ul(self) -> float:
        until_s = time.monotonic() if self.ended_s is None else self.ended_s
        return min(self.volume_ul, (until_s - self.begun_s) * self.rate_ul_per_min / 60.0)


class RatePump(Instrument):
    """A pump of which nobody can read what it has delivered: rate times time since its start, at most the volume.

    With ``timed`` this program stops the pump when its volume is out. Otherwise the pump counts, and one that still runs long
    after its time is stopped and reported.
    """

    kind = "pump"
    timed = False

    def __init__(self) -> None:
        self._run: Run | None = None
        self._lock = threading.RLock()

    def start(self, rate_ul_per_min: float, volume_ul: float, draws: bool) -> None:
        """Starts the pump."""
        raise NotImplementedError

    def halt(self) -> None:
        """Stops the pump; raises what goes wrong."""
        raise NotImplementedError

    def is_running(self) -> bool | None:
        """Whether the pump says that it runs; None if it does not say."""
        return None

    def notes_of_pump(self) -> list[str]:
        """What a person should know of this pump."""
        notes = ["what it has delivered is its rate times the time since its start"]
        return [*notes, "this program stops it: it does not stop by itself"] if self.timed else notes

    def dispense(self, rate_ul_per_min: float, volume_ul: float) -> None:
        self._begin(rate_ul_per_min, volume_ul, draws=False)

    def stop(self) -> None:
        with self._lock:
            run = self._run
            self.halt()
            if run is not None and run.ended_s is None:
                run.ended_s = time.monotonic()

    def status(self) -> str:
        with self._lock:
            runs, run = self.is_running(), self._run
            if run is not None and run.trouble is not None:
                raise Fault("refused", detail=run.trouble)
            if run is not None and run.ended_s is None and self._is_over(run, runs):
                run.ended_s = time.monotonic()
            if runs is None:
                runs = run is not None and run.ended_s is None
            return "running" if runs else "stopped"

    def dispensed_ul(self) -> float:
        with self._lock:
            self.status()
            return 0.0 if self._run is None else self._run.delivered_ul()

    def _begin(self, rate_ul_per_min: float, volume_ul: float, draws: bool) -> None:
        with self._lock:
            if self._run is not None:
                self.stop()
            run = Run(rate_ul_per_min, volume_ul, time.monotonic())
            # Known before the pump is told: whatever it answers, somebody looks after it.
            self._run = run
            threading.Thread(target=self._look_after, args=[run], daemon=True).start()
            self.start(rate_ul_per_min, volume_ul, draws)
            run.begun_s = time.monotonic()

    def _is_over(self, run: Run, runs: bool | None) -> bool:
        """Whether a pump that says so, or that nobody can ask, has come to its end."""
        if runs is None:
            return not self.timed and time.monotonic() >= run.begun_s + run.takes_s
        return not runs

    def _look_after(self, run: Run) -> None:
        """Stops the pump when its volume is out; of one that counts, if it has not done so by itself."""
        late_s = 0.0 if self.timed else LATE_S + LATE * run.takes_s
        while (left_s := run.begun_s + run.takes_s + late_s - time.monotonic()) > 0:
            time.sleep(left_s)
        while run is self._run and run.ended_s is None:
            try:
                self._stop_late(run)
            except Exception as error:  # the pump may be told again
                print(f"the pump was not stopped: {error!r}", file=sys.stderr)
                time.sleep(AGAIN_S)

    def _stop_late(self, run: Run) -> None:
        with self._lock:
            if run is not self._run or run.ended_s is not None:
                return
            went_on = not self.timed and bool(self.is_running())
            if self.timed or went_on:
                self.halt()
            if went_on:
                run.trouble = (
                    f"it did not stop by itself after {run.volume_ul:g} µL, and was stopped: does it count? (--timed)"
                )
            run.ended_s = time.monotonic()
