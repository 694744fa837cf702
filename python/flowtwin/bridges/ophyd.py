"""An ophyd device, by a mapping file that names its signals.

    python3 -m flowtwin.bridges.ophyd devices.py:oven oven.toml
    python3 -m flowtwin.bridges.ophyd devices.py:make_oven oven.toml 192.168.1.20:5025

The device is an object of a Python file or module, or what a function of it returns for the words that follow. A step of the
mapping sets a component and waits until it reads so, ``setpoint = {set_point_c}``, or only puts the value, ``run := 1``; a
reading names a component, ``readback``.
"""

from __future__ import annotations

import argparse
import ast
import sys
from typing import Any

from flowtwin.bridges._mapped import Mapped, mapping_of
from flowtwin.bridges._objects import object_of
from flowtwin.instrument import Fault, serve

#: How long a signal may take to be set, if nobody says otherwise, and how long all may take to be connected [s].
PATIENCE_S, CONNECTS_S = 0.5, 10.0


class Ophyd(Mapped):
    """Components of a device; the device itself, such as a positioner, is ``self``."""

    def __init__(self, asked: argparse.Namespace) -> None:
        super().__init__(mapping_of(asked.mapping))
        self.asked = asked
        self.device: Any = None

    def connect(self) -> None:
        if self.device is None:
            self.device = object_of(self.asked.device, self.asked.words)
        if hasattr(self.device, "wait_for_connection"):
            self.device.wait_for_connection(timeout=max(CONNECTS_S, self.asked.patience_s))
        name = getattr(self.device, "name", "") or type(self.device).__name__
        self.model = self.mapping.get("model") or f"{type(self.device).__name__} {name}"
        serial = self.mapping.get("serial_number")
        self.serial_number = None if serial is None else str(self.ask(serial))

    def component(self, name: str) -> Any:
        if self.device is None:  # what makes safe comes before anybody has asked who this is
            self.connect()
        found = self.device
        for part in [] if name == "self" else name.split("."):
            if not hasattr(found, part):
                raise Fault("unsupported", detail=f"the device has no {name}")
            found = getattr(found, part)
        return found

    def say(self, text: str) -> None:
        """Sets a component, and waits until it is set; a positioner is only sent on its way."""
        name, equals, value = text.partition("=")
        if not equals:
            raise Fault("unsupported", detail=f"{text!r} is no step: NAME = VALUE or NAME := VALUE")
        name, only_put = name.strip().removesuffix(":").strip(), name.rstrip().endswith(":")
        component = self.component(name)
        if only_put:
            component.put(literal(value.strip()))
            return
        try:
            status = component.set(literal(value.strip()))
        except RuntimeError as error:  # the one before has not come to its end: what makes safe must not wait for it
            print(f"{text}: {error}", file=sys.stderr)
            component.put(literal(value.strip()))
            return
        if not hasattr(component, "position"):
            status.wait(timeout=self.asked.patience_s)

    def reading(self, what: str) -> Any:
        if what == "position" and isinstance(told := self.mapping[what], str) and getattr(self.component(told), "moving", False):
            return 0
        return super().reading(what)

    def ask(self, text: str) -> Any:
        component = self.component(text)
        return component.position if hasattr(component, "position") else component.get()


def literal(text: str) -> Any:
    """A number or a word in quotes; anything else is text as it stands."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def main() -> None:
    parser = argparse.ArgumentParser(prog="flowtwin.bridges.ophyd", description=str(__doc__).split("\n")[0])
    parser.add_argument("device", help="FILE.py:NAME or MODULE:NAME, an object or a function that makes it")
    parser.add_argument("mapping", help="the mapping file")
    parser.add_argument("words", nargs="*", help="what the function is given")
    parser.add_argument("--patience-s", type=float, default=PATIENCE_S, help="how long a signal may take to be set")
    serve(Ophyd(parser.parse_args()))


if __name__ == "__main__":
    main()
