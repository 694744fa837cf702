"""A machine of PyLabRobot as an instrument.

    python3 -m flowtwin.bridges.pylabrobot machines.py:pump --limits 1 5000 --ul-per-revolution 80
    python3 -m flowtwin.bridges.pylabrobot machines.py:make_scale /dev/ttyUSB0

The machine is an object of a Python file or module, or what a function of it returns for the words that follow. It is a
``Pump``, a channel of a ``PumpArray``, a ``TemperatureController`` or a ``Scale``, whatever its backend.
"""

from __future__ import annotations

import argparse
import inspect
from functools import partial
from typing import Any

from flowtwin.bridges._kinds import AnyKind
from flowtwin.bridges._loop import Loop
from flowtwin.bridges._objects import object_of
from flowtwin.bridges._pump import RatePump
from flowtwin.instrument import Fault, Instrument, serve


class Machine(Instrument):
    """What all machines have in common."""

    asked: argparse.Namespace
    #: Classes of PyLabRobot.
    wanted: tuple[str, ...] = ()
    notes: list[str] = []

    def connect(self) -> None:
        """A machine that is set up is kept: setting it up again could stop what is at work."""
        if not hasattr(self, "machine"):
            self.loop = Loop()
            machine = object_of(self.asked.machine, self.asked.words)
            names = [cls.__name__ for cls in type(machine).__mro__]
            if not set(self.wanted) & set(names):
                raise Fault("refused", detail=f"a {self.kind} is a {' or '.join(self.wanted)} of PyLabRobot; this is a {names[0]}")
            self.loop.done(machine.setup())
            self.machine = machine
        backend = type(self.machine.backend).__name__
        self.model = f"PyLabRobot {type(self.machine).__name__}, {backend}"
        serial = getattr(self.machine.backend, "serial_number", None)
        self.serial_number = str(serial) if serial else None

    def identify(self, kind: str, bore_mm: float | None = None) -> dict[str, Any]:
        who: dict[str, Any] = super().identify(kind, bore_mm)
        return {**who, "notes": self.notes}


class Pump(Machine, RatePump):
    """A pump that takes a speed in revolutions per minute, and tells nothing."""

    kind = "pump"
    timed = True
    wanted = ("Pump", "PumpArray")

    def connect(self) -> None:
        if self.asked.ul_per_revolution is None or not self.limits:
            raise Fault("refused", detail="say --ul-per-revolution, and --limits LOWEST HIGHEST in µL/min")
        super().connect()
        self.notes = [*self.notes_of_pump(), "whether it runs cannot be read"]

    def start(self, rate_ul_per_min: float, volume_ul: float, draws: bool) -> None:
        self.run(rate_ul_per_min / self.asked.ul_per_revolution)

    def run(self, rpm: float) -> None:
        # Through the backend: the machine of 0.2.2 does not await it, and a pump whose backend must be awaited does nothing.
        backend = self.machine.backend
        if self.channel is None:
            self.loop.done(backend.run_continuously(speed=rpm))
        else:
            self.loop.done(backend.run_continuously(speed=[rpm], use_channels=[self.channel]))

    def halt(self) -> None:
        if self.channel is None:
            self.loop.done(self.machine.backend.halt())
        else:  # `halt` stops all channels
            self.run(0.0)

    @property
    def channel(self) -> int | None:
        return int(self.asked.channel) if hasattr(self.machine.backend, "num_channels") else None


class Heater(Machine):
    """A temperature controller. PyLabRobot does not tell a set point, or whether it heats."""

    kind = "heater"
    wanted = ("TemperatureController",)
    notes = ["neither its set point nor whether it heats can be read"]

    def connect(self) -> None:
        if not self.limits:
            raise Fault("refused", detail="say --limits LOWEST HIGHEST, in °C")
        super().connect()

    def heat(self, set_point_c: float) -> None:
        # Through the backend: the machine refuses to be set colder than it is, where the backend cannot cool.
        self.loop.done(self.machine.backend.set_temperature(set_point_c))

    def off(self) -> None:
        self.loop.done(self.machine.deactivate())

    def temperature_c(self) -> float:
        return float(self.loop.done(self.machine.get_temperature()))


class Sensor(Machine):
    """A scale, in g: what it reads at once, steady or not."""

    kind = "sensor"
    wanted = ("Scale",)

    def value(self) -> float:
        read = self.machine.backend.read_weight
        at_once = {"timeout": 0} if "timeout" in inspect.signature(read).parameters else {}
        return float(self.loop.done(read(**at_once)))


def made(kind: type[Machine], asked: argparse.Namespace) -> Instrument:
    """An instrument of a kind, as the command line says."""
    instrument = kind()
    instrument.asked = asked
    if asked.limits:
        instrument.limits = {"set_point_c" if kind is Heater else "rate_ul_per_min": asked.limits}
    return instrument


def main() -> None:
    parser = argparse.ArgumentParser(prog="flowtwin.bridges.pylabrobot", description=str(__doc__).split("\n")[0])
    parser.add_argument("machine", help="FILE.py:NAME or MODULE:NAME, an object or a function that makes it")
    parser.add_argument("words", nargs="*", help="what the function is given")
    parser.add_argument("--limits", type=float, nargs=2, metavar=("LOWEST", "HIGHEST"), help="µL/min of a pump, °C of a heater")
    parser.add_argument("--ul-per-revolution", type=float, help="what a pump delivers in one revolution")
    parser.add_argument("--channel", type=int, default=0, help="the channel of a pump array, from 0")
    asked = parser.parse_args()
    serve(AnyKind({kind.kind: partial(made, kind, asked) for kind in (Pump, Heater, Sensor)}))


if __name__ == "__main__":
    main()
