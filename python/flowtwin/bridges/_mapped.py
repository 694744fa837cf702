"""An instrument that a mapping file describes: what to say for each request, and where to find each reading.

    kind = "heater"
    heat = [":SOURCE:CLOOP1:SPOINT {set_point_c}", ":OUTPUT1:STATE ON"]
    off = [":OUTPUT1:STATE OFF"]
    temperature_c = ":SOURCE:CLOOP1:PVALUE?"
    set_point_c = ":SOURCE:CLOOP1:SPOINT?"
    mode = { ask = ":OUTPUT1:STATE?", words = { OFF = "off", ON = "automatic" } }
    limits.set_point_c = [0.0, 200.0]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from flowtwin.instrument import READS, Fault, Instrument

__all__ = ["Mapped", "mapping_of"]

#: What each kind can be told, and can tell.
KNOWN = {
    "pump": ("dispense", "withdraw", "stop", "status", "dispensed_ul", "rate_ul_per_min"),
    "valve": ("turn", "position"),
    "heater": ("heat", "off", "temperature_c", "set_point_c", "mode", "power_percent"),
    "light": ("switch_on", "switch_off", "on"),
    "spectrometer": ("describe", "arm", "counts", "ready", "integration_us", "gap_ms"),
    "analyser": ("inject", "takes_s", "results", "ready"),
    "sensor": ("value",),
    "switch": ("granted",),
}
#: What each kind must be told, and must tell.
NEEDED = {
    "pump": ("dispense", "stop", "status", "dispensed_ul"),
    "valve": ("turn", "position"),
    "heater": ("heat", "off", "temperature_c"),
    "light": ("switch_on", "switch_off"),
    "spectrometer": ("describe", "arm", "counts"),
    "analyser": ("inject", "takes_s", "results"),
    "sensor": ("value",),
    "switch": ("granted",),
}
#: What each kind refuses outside of limits.
LIMITED = {"pump": "rate_ul_per_min", "valve": "position", "heater": "set_point_c"}
#: Of these all steps are carried out, whichever fails.
MAKES_SAFE = ("stop", "off", "switch_off")
#: A valve that is further from a position turns.
THERE = 0.05
#: Readings that are words or yes and no; all others are numbers.
WORDS, YES_OR_NO = ("status", "mode"), ("on", "granted", "ready")
#: What a spectrometer must say of itself.
DESCRIBED = ("pixels", "wavelength_coefficients", "full_scale", "min_integration_us", "max_integration_us")
KEYS = ("kind", "model", "serial_number", "limits", "notes", "scales", "error")


class Mapped(Instrument):
    """What a mapping says, over a transport that says and asks."""

    notes: list[str] = []

    def __init__(self, mapping: dict[str, Any]) -> None:
        self.mapping = mapping
        self.kind = mapping["kind"]
        self.limits = mapping.get("limits", {})
        self.notes = mapping.get("notes", [])
        self.frames = 0
        self.injected = False

    def say(self, text: str) -> None:
        """Carries out one step of an action."""
        raise NotImplementedError

    def ask(self, text: str) -> Any:
        """What is found there: text or a number."""
        raise NotImplementedError

    def identify(self, kind: str, bore_mm: float | None = None) -> dict[str, Any]:
        who: dict[str, Any] = super().identify(kind, bore_mm)
        return {**who, "reads": [what for what in READS if what in self.mapping], "notes": self.notes}

    def read(self, what: str) -> dict[str, Any]:
        if what not in READS or what not in self.mapping:
            raise Fault("unsupported", detail=f"the mapping says nothing of {what}")
        return {"value": self.reading(what)}

    def reading(self, what: str) -> Any:
        """A reading in flowtwin's unit."""
        told = self.mapping[what]
        how = told if isinstance(told, dict) else {"ask": told}
        came = self.ask(how["ask"])
        plain = came.strip() if isinstance(came, str) else came
        if "open" in how and str(plain) in how["open"]:
            raise Fault("sensor_open")
        if "words" in how:
            if (word := spelt(plain)) not in how["words"]:
                raise Fault("garbled", detail=f"{what}: {word!r} is none of {', '.join(how['words'])}")
            return how["words"][word]
        if what in WORDS:
            return plain
        if what in YES_OR_NO:
            return bool(int(float(plain)))
        number = scaled(what, plain, how)
        if what == "integration_us":
            return round(number)
        if what != "position":
            return number
        return round(number) if abs(number - round(number)) < THERE else 0

    def carry_out(self, name: str, **given: Any) -> None:
        if name not in self.mapping:
            raise Fault("unsupported", detail=f"the mapping says nothing of {name}")
        scales = self.mapping.get("scales", {})
        given = {key: value / scales[key] if key in scales else value for key, value in given.items()}
        failed: Exception | None = None
        for step in self.mapping[name]:
            try:
                self.say(step.format(bore_mm=self.bore_mm, **given))
            except Exception as error:
                if name not in MAKES_SAFE:
                    raise
                failed = failed or error  # the other steps may still make it safe
        if failed is not None:
            raise failed

    def dispense(self, rate_ul_per_min: float, volume_ul: float) -> None:
        self.carry_out("dispense", rate_ul_per_min=rate_ul_per_min, volume_ul=volume_ul)

    def withdraw(self, rate_ul_per_min: float, volume_ul: float) -> None:
        self.carry_out("withdraw", rate_ul_per_min=rate_ul_per_min, volume_ul=volume_ul)

    def stop(self) -> None:
        self.carry_out("stop")

    def turn(self, position: int) -> None:
        self.carry_out("turn", position=position)

    def heat(self, set_point_c: float) -> None:
        self.carry_out("heat", set_point_c=set_point_c)

    def off(self) -> None:
        self.carry_out("off")

    def switch(self, on: bool) -> None:
        self.carry_out("switch_on" if on else "switch_off")

    def must_be_ready(self) -> None:
        if "ready" in self.mapping and not self.reading("ready"):
            raise Fault("not_ready")

    def describe(self) -> dict[str, Any]:
        return dict(self.mapping["describe"])

    def arm(self, integration_us: int, frames: int) -> dict[str, Any]:
        self.frames = 0
        self.carry_out("arm", integration_us=integration_us, frames=frames)
        self.frames = frames
        return {"takes_s": frames * (1e-6 * integration_us + 1e-3 * self.mapping.get("gap_ms", 0.0))}

    def fetch(self, frame: int) -> dict[str, Any]:
        """One frame; where all of them stand in one list, its part of that."""
        if not self.frames:
            raise Fault("not_ready")
        self.must_be_ready()
        told, pixels = self.mapping["counts"], self.mapping["describe"]["pixels"]
        how = told if isinstance(told, dict) else {"ask": told}
        came = listed(self.ask(how["ask"].format(frame=frame, number=frame + 1)))
        counts = [round(scaled("counts", one, how)) for one in came]
        if len(counts) == pixels * self.frames:
            return {"counts": counts[frame * pixels : (frame + 1) * pixels]}
        if len(counts) != pixels:
            raise Fault("garbled", detail=f"{len(counts)} counts, and not {pixels}")
        return {"counts": counts}

    def inject(self) -> dict[str, Any]:
        self.injected = False
        self.carry_out("inject")
        self.injected = True
        return {"takes_s": self.mapping["takes_s"]}

    def results(self) -> dict[str, Any]:
        if not self.injected:
            raise Fault("not_ready")
        self.must_be_ready()
        hows = [told if isinstance(told, dict) else {"ask": told} for told in self.mapping["results"]]
        return {"concentrations_mm": [scaled("results", self.ask(how["ask"]), how) for how in hows]}


def scaled(what: str, came: Any, how: dict[str, Any]) -> float:
    """A number in flowtwin's unit."""
    try:
        return float(came) * how.get("scale", 1.0) + how.get("offset", 0.0)
    except (TypeError, ValueError):
        raise Fault("garbled", detail=f"{what}: {came!r} is not a number") from None


def listed(came: Any) -> list[Any]:
    """The numbers of a text, between commas or blanks, or of an array."""
    return came.replace(",", " ").split() if isinstance(came, str) else list(came)


def spelt(value: Any) -> str:
    """A value as a key of `words`: 1.0 and True are "1"."""
    if isinstance(value, (bool, int, float)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def mapping_of(file: str) -> dict[str, Any]:
    """The mapping of a file, with what is wrong said at once."""
    if sys.version_info < (3, 11):
        raise SystemExit("mapping files need Python 3.11 or newer, which can read TOML")
    import tomllib

    try:
        mapping = tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SystemExit(f"{file}: {error}") from None
    kind = mapping.get("kind")
    if kind not in KNOWN:
        raise SystemExit(f"{file}: kind is {kind!r}, and must be one of {', '.join(KNOWN)}")
    known = (*KNOWN[kind], *KEYS)
    for key in mapping:
        if key not in known:
            raise SystemExit(f"{file}: {key} is not a key for a {kind}; known are {', '.join(known)}")
    for key in NEEDED[kind]:
        if key not in mapping:
            raise SystemExit(f"{file}: a {kind} needs {key}")
    for key in DESCRIBED if kind == "spectrometer" else ():
        if key not in mapping["describe"]:
            raise SystemExit(f"{file}: describe needs {key}")
    if kind in LIMITED and LIMITED[kind] not in mapping.get("limits", {}):
        raise SystemExit(f"{file}: a {kind} needs limits.{LIMITED[kind]} = [lowest, highest]")
    return mapping
