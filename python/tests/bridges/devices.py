"""Devices of ophyd: of soft signals, of signals of EPICS, and of commands to an emulated LED driver."""

from __future__ import annotations

import socket
import time

import numpy as np
from ophyd import Component, Device, EpicsSignal, EpicsSignalRO, Signal
from ophyd.sim import SynAxis


class SoftOven(Device):
    setpoint = Component(Signal, value=25.0)
    readback = Component(Signal, value=23.5)
    enable = Component(Signal, value=0)
    serial = Component(Signal, value="A1")


class Selector(Device):
    axis = Component(SynAxis, value=1)


class Counter(Signal):
    """What a pump has moved since it was started, in mL; a pump stops when its volume is out."""

    def get(self, **_: object) -> float:
        return self.parent.moved_ml()


class Running(Signal):
    """1 infuses, 2 withdraws, 0 stands still."""

    def put(self, value: int, **_: object) -> None:
        pump = self.parent
        if value:
            pump.begun, pump.moved = time.monotonic(), None
        else:
            pump.moved = pump.moved_ml()

    def get(self, **_: object) -> int:
        pump = self.parent
        return int(pump.moved is None and pump.moved_ml() < pump.volume.get())


class Pump(Device):
    """A pump that counts, in mL and mL/min."""

    rate = Component(Signal, value=1.0)
    volume = Component(Signal, value=0.0)
    run = Component(Running)
    counter = Component(Counter)
    begun, moved = 0.0, 0.0

    def moved_ml(self) -> float:
        """What it has delivered by now."""
        ran_min = (time.monotonic() - self.begun) / 60.0
        return self.moved if self.moved is not None else min(self.volume.get(), ran_min * self.rate.get())


class EpicsOven(Device):
    setpoint = Component(EpicsSignal, "SP")
    readback = Component(EpicsSignalRO, "PV")
    enable = Component(EpicsSignal, "ON")
    serial = Component(EpicsSignalRO, "SERIAL", string=True)


class Output(Signal):
    """The output of a DC2200, by SCPI."""

    def __init__(self, *, address: str, **more: object) -> None:
        host, port = address.rsplit(":", 1)
        self.lines = socket.create_connection((host, int(port)), timeout=10).makefile("rw", newline="\n")
        super().__init__(**more)

    def put(self, value: int, **_: object) -> None:
        steps = ["SOURCE1:MODE CC", "SOURCE1:CCURENT:CURRENT 0.35", "OUTPUT1:STATE ON"] if value else ["OUTPUT1:STATE OFF"]
        self.lines.write("".join(f"{step}\n" for step in steps))
        self.lines.flush()

    def get(self, **_: object) -> int:
        self.lines.write("OUTPUT1:STATE?\n")
        self.lines.flush()
        return int(self.lines.readline())


class Camera(Device):
    """A spectrometer of four pixels, whose frames stand in one array."""

    exposure = Component(Signal, value=10_000)
    frames = Component(Signal, value=1)

    class Waveform(Signal):
        def get(self, **_: object) -> np.ndarray:
            camera = self.parent
            return np.concatenate([np.arange(4) * 100 + frame for frame in range(camera.frames.get())])

    class Done(Signal):
        """1 when the frames are complete."""

        begun = 0.0

        def put(self, value: int, **_: object) -> None:
            self.begun = time.monotonic()

        def get(self, **_: object) -> int:
            camera = self.parent
            return int(time.monotonic() - self.begun >= 1e-6 * camera.exposure.get() * camera.frames.get())

    counts = Component(Waveform)
    state = Component(Done)


class Column(Device):
    """An HPLC that takes half a second, and finds two species."""

    state = Component(Camera.Done)
    exposure = Component(Signal, value=500_000)
    frames = Component(Signal, value=1)
    salt = Component(Signal, value=0.0125)
    acid = Component(Signal, value=0.5)


class Cabinet(Device):
    """A lamp, a pressure gauge in bar and a door."""

    lamp = Component(Signal, value=0)
    gauge = Component(Signal, value=1.2)
    door = Component(Signal, value="closed")


cabinet = Cabinet(name="cabinet")
camera = Camera(name="camera")
column = Column(name="column")
pump = Pump(name="pump")
soft_oven = SoftOven(name="oven")
selector = Selector(name="selector")


def epics_oven(prefix: str) -> EpicsOven:
    return EpicsOven(prefix, name="oven")


class Led:
    """No Device: whatever has components will do."""

    def __init__(self, address: str) -> None:
        self.name = "led"
        self.output = Output(address=address, name="output")
