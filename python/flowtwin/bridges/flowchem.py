"""A component of a flowchem device as an instrument.

    python3 -m flowtwin.bridges.flowchem http://localhost:8000/oven/temperature-control --limits 20 150
    python3 -m flowtwin.bridges.flowchem lab.toml oven/temperature-control --limits 20 150 --set port=/dev/ttyUSB0

The first asks a flowchem server, and needs nothing but the standard library. The second makes the device from flowchem's own
configuration file in this process.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from functools import partial
from typing import Any, Protocol

from flowtwin.bridges._kinds import AnyKind
from flowtwin.bridges._loop import Loop
from flowtwin.bridges._pump import RatePump
from flowtwin.instrument import Fault, Instrument, serve

#: How long a server may take to answer [s]; flowtwin has given up before.
PATIENCE_S = 30.0
#: By how much a pump may differ from the rate that it was told: a share, and in µL/min, because servers round.
ABOUT, ROUNDED_UL_PER_MIN = 0.02, 1.0
KPA_PER_BAR = 100.0


class Component(Protocol):
    """What the routes of a component lead to."""

    def about(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the component and its device say of themselves."""

    def get(self, route: str) -> Any: ...

    def put(self, route: str, **words: str) -> Any: ...


class Served:
    """A component behind a server of flowchem."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def about(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return self.get(""), self._ask("GET", self.url.rsplit("/", 1)[0] + "/")

    def get(self, route: str) -> Any:
        return self._ask("GET", f"{self.url}/{route}")

    def put(self, route: str, **words: str) -> Any:
        return self._ask("PUT", f"{self.url}/{route}?{urllib.parse.urlencode(words)}")

    def _ask(self, method: str, url: str) -> Any:
        request = urllib.request.Request(url, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            detail = f"{error.code} {error.reason} ({method} {url}): {error.read()[:300].decode(errors='replace')}"
            raise Fault("unsupported" if error.code in (404, 405) else "refused", detail=detail) from error


class Here:
    """A component of a device that this process has made."""

    def __init__(self, asked: argparse.Namespace) -> None:
        from pathlib import Path

        from flowchem.devices.list_known_device_type import autodiscover_device_classes
        from flowchem.server.configuration_parser import parse_config, parse_device
        from loguru import logger

        logger.remove()
        logger.add(sys.stderr, level="WARNING")
        self.loop = Loop()
        classes = autodiscover_device_classes()
        if asked.simulated:
            from flowchem.sim.registry import build_sim_device_mapper

            classes = build_sim_device_mapper(classes)
        device, _, name = asked.component.partition("/")
        described = parse_config(Path(asked.where)).get("device", {})
        if device not in described:
            raise Fault("refused", detail=f"{asked.where} has no device {device!r}, but {', '.join(described) or 'none'}")
        self.device = parse_device((device, described[device] | pairs(asked.set)), classes)
        self.loop.done(self.device.initialize())
        found = {component.name: component for component in self.device.components}
        if name not in found:
            raise Fault("refused", detail=f"{device} has no component {name!r}, but {', '.join(found) or 'none'}")
        self.component = found[name]
        self.instead = {route: getattr(self.device, method) for route, method in pairs(asked.use).items()}

    def about(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return self.component.get_component_info().model_dump(), self.device.get_device_info().model_dump(mode="json")

    def get(self, route: str) -> Any:
        return self.loop.done(self.instead[route]()) if route in self.instead else self._ask("GET", route, {})

    def put(self, route: str, **words: str) -> Any:
        return self._ask("PUT", route, words)

    def _ask(self, method: str, route: str, words: dict[str, str]) -> Any:
        path = f"{self.component.router.prefix}/{route}"
        for known in self.component.router.routes:
            if known.path == path and method in known.methods:
                return self.loop.done(known.endpoint(**words))
        raise Fault("unsupported", detail=f"it has no {method} {route}")


class Flowchem(Instrument):
    """What all components have in common."""

    #: How the component is reached.
    asked: argparse.Namespace
    component: Component
    notes: list[str] = []

    def connect(self) -> None:
        """A device of this process is kept: making it again could stop what is at work."""
        if not hasattr(self, "component"):
            self.component = reached(self.asked)
        component, device = self.component.about()
        classes = component["corresponding_class"]
        wanted = KINDS[type(self)]
        if not set(wanted) & set(classes):
            raise Fault("refused", detail=f"a {self.kind} is a {' or '.join(wanted)} of flowchem; this is a {classes[0]}")
        self.classes = classes
        self.model = " ".join(filter(None, [device.get("manufacturer"), device.get("model")])) or classes[0]
        serial = str(device.get("serial_number", "unknown"))
        self.serial_number = None if serial in ("unknown", "") else serial
        self.firmware = device.get("version") or None
        self.greet()

    def greet(self) -> None:
        """Reads what else must be known. Nothing may move."""

    def identify(self, kind: str, bore_mm: float | None = None) -> dict[str, Any]:
        who: dict[str, Any] = super().identify(kind, bore_mm)
        who["reads"] = [what for what in who["reads"] if what not in self.unread()]
        return {**who, "notes": self.notes}

    def unread(self) -> set[str]:
        """What this component does not tell, though its kind could."""
        return set()


class Pump(Flowchem, RatePump):
    """A pump that flowchem gives a rate and a volume."""

    def greet(self) -> None:
        if not self.limits:
            raise Fault("refused", detail="flowchem does not tell what a pump takes: say --limits LOWEST HIGHEST, in µL/min")
        if "HPLCPump" in self.classes and not self.timed:
            raise Fault("refused", detail="this pump ignores volumes: say --timed, and this program stops it")
        self.component.get("flowrate")  # a pump without it ignores the rate as well
        self.notes = self.notes_of_pump()

    def start(self, rate_ul_per_min: float, volume_ul: float, draws: bool) -> None:
        words = {"rate": f"{rate_ul_per_min / 1000.0!r} ml/min", "volume": f"{volume_ul / 1000.0!r} ml"}
        if self.component.put("withdraw" if draws else "infuse", **words) is False:
            raise Fault("refused", detail=f"flowchem did not start it ({words})")
        if not self.is_running():
            return  # flowtwin reads the volume, and decides
        kept = abs(float(self.component.get("flowrate"))) * 1000.0
        if abs(kept - rate_ul_per_min) > max(ABOUT * rate_ul_per_min, ROUNDED_UL_PER_MIN):
            self.halt()
            raise Fault("kept_other", quantity="rate", asked=rate_ul_per_min, kept=kept, unit="µL/min")

    def halt(self) -> None:
        self.component.put("stop")

    def is_running(self) -> bool:
        return bool(self.component.get("is-pumping"))

    def withdraw(self, rate_ul_per_min: float, volume_ul: float) -> None:
        self._begin(rate_ul_per_min, volume_ul, draws=True)


class Heater(Flowchem):
    """A temperature control. flowchem cuts set points that are too high down to its limits, and does not tell whether it heats."""

    kind = "heater"

    def greet(self) -> None:
        if not self.limits:
            raise Fault("refused", detail="say --limits LOWEST HIGHEST, in °C: flowchem cuts off what is outside its own")
        self.notes = ["whether it heats cannot be read"]

    def heat(self, set_point_c: float) -> None:
        self.component.put("temperature", temp=f"{set_point_c!r} degC")
        self.component.put("power-on")

    def off(self) -> None:
        self.component.put("power-off")

    def temperature_c(self) -> float:
        return number(self.component.get("temperature"))

    def set_point_c(self) -> float:
        return number(self.component.get("temperature-setpoint"))

    def unread(self) -> set[str]:
        # -1 is what flowchem says for a device that does not tell.
        return {"set_point_c"} if self.component.get("temperature-setpoint") in (None, -1) else set()


class Light(Flowchem):
    """A photoreactor, a relay or a power switch."""

    kind = "light"

    def switch(self, on: bool) -> None:
        self.component.put("power-on" if on else "power-off")

    def on(self) -> bool:
        return bool(self.component.get("is-on"))

    def unread(self) -> set[str]:
        return set() if "Relay" in self.classes else {"on"}


class Valve(Flowchem):
    """A valve. Its positions are in the order of the ports that they connect: position 1 of a distribution valve is port 1."""

    kind = "valve"

    def greet(self) -> None:
        told = self.component.get("connections")
        positions = told["positions"] if isinstance(told, dict) else told.positions
        self.positions: list[list[list[int]]] = []
        for connections in sorted(joined(connections) for connections in positions.values()):
            if connections and connections not in self.positions:
                self.positions.append(connections)
        self.notes = [f"position {n} connects {ports}" for n, ports in enumerate(self.positions, start=1)]

    def turn(self, position: int) -> None:
        if not 1 <= position <= len(self.positions):
            raise Fault("refused", detail=f"it has positions 1 to {len(self.positions)}, and no {position}")
        connect = json.dumps(self.positions[position - 1])
        self.component.put("position", connect=connect, ambiguous_switching="false")

    def position(self) -> int:
        if not self.component.get("is-idle"):
            return 0
        return self.positions.index(joined(self.component.get("position"))) + 1


class Sensor(Flowchem):
    """A sensor: kPa of a pressure sensor, °C of a temperature sensor, otherwise the number as it comes."""

    kind = "sensor"

    def value(self) -> float:
        value = number(self.component.get("read"))
        return value * KPA_PER_BAR if "PressureSensor" in self.classes else value


#: The classes of flowchem's components that are instruments here.
KINDS: dict[type[Flowchem], list[str]] = {
    Pump: ["Pump"],
    Heater: ["TemperatureControl"],
    Light: ["Photoreactor", "PowerSwitch"],
    Valve: ["Valve"],
    Sensor: ["AnalogDigitalConverter"],
}


def number(told: Any) -> float:
    """A number that came; flowchem says null where it has none."""
    if told is None or isinstance(told, str):
        raise Fault("garbled", detail=f"{told!r} is not a number")
    return float(told)


def joined(connections: Any) -> list[list[int]]:
    """Ports that are connected with each other, in order, without dead ends."""
    ports = [sorted(port for port in group if port is not None) for group in connections]
    return sorted(group for group in ports if len(group) > 1)


def reached(asked: argparse.Namespace) -> Component:
    if asked.where.startswith(("http://", "https://")):
        return Served(asked.where)
    return Here(asked)


def pairs(words: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words)


def made(kind: type[Flowchem], asked: argparse.Namespace) -> Instrument:
    """An instrument of a kind, as the command line says."""
    instrument = kind()
    instrument.asked = asked
    if asked.limits:
        instrument.limits = {"set_point_c" if kind is Heater else "rate_ul_per_min": asked.limits}
    if isinstance(instrument, Pump):
        instrument.timed = asked.timed
    return instrument


def main() -> None:
    parser = argparse.ArgumentParser(prog="flowtwin.bridges.flowchem", description=str(__doc__).split("\n")[0])
    parser.add_argument("where", help="the address of a component of a flowchem server, or flowchem's configuration file")
    parser.add_argument("component", nargs="?", default="", help="DEVICE/COMPONENT, with a configuration file")
    parser.add_argument("--limits", type=float, nargs=2, metavar=("LOWEST", "HIGHEST"), help="µL/min of a pump, °C of a heater")
    parser.add_argument("--timed", action="store_true", help="this program stops the pump after its volume")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the device, such as port=…")
    parser.add_argument("--use", action="append", default=[], metavar="ROUTE=METHOD", help="a method of the device that answers a route")
    parser.add_argument("--simulated", action="store_true", help="flowchem's simulated device of the same name")
    asked = parser.parse_args()
    serve(AnyKind({kind.kind: partial(made, kind, asked) for kind in KINDS}))


if __name__ == "__main__":
    main()
