"""An instrument behind a VISA resource name, by a mapping file of its commands.

    python3 -m flowtwin.bridges.visa TCPIP::192.168.1.20::5025::SOCKET oven.toml
    python3 -m flowtwin.bridges.visa GPIB0::12::INSTR oven.toml --library @ivi

Needs PyVISA, and PyVISA-py (``@py``, the default here) or a library of VISA.
"""

from __future__ import annotations

import argparse
from typing import Any

from flowtwin.bridges._mapped import Mapped, mapping_of
from flowtwin.instrument import Fault, serve

#: How long the instrument may take to answer, if nobody says otherwise [s].
PATIENCE_S = 0.5


class Visa(Mapped):
    """Readings are asked, steps of actions are told. A step such as ``"!OUT 1 -> OK"`` is answered, and with this."""

    def __init__(self, asked: argparse.Namespace) -> None:
        super().__init__(mapping_of(asked.mapping))
        self.asked = asked
        self.resource: Any = None

    def connect(self) -> None:
        import pyvisa

        if self.resource is not None:
            self.resource.close()
            self.resource = None
        end = self.asked.end.encode().decode("unicode_escape")
        try:
            manager = pyvisa.ResourceManager(self.asked.library)
            self.resource = manager.open_resource(resource_name(self.asked.resource), read_termination=end, write_termination=end)
        except Exception as error:  # libraries of VISA raise what they like here
            raise Fault("link_lost", detail=f"{self.asked.resource}: {error}") from error
        self.resource.timeout = 1000.0 * self.asked.patience_s
        if self.asked.baud:
            self.resource.baud_rate = self.asked.baud
        told = [word.strip() for word in self.ask("*IDN?").split(",")] + [""] * 4 if self.asked.idn else [""] * 4
        self.model = self.mapping.get("model") or " ".join(told[:2]).strip() or self.asked.resource
        self.serial_number = told[2] or None
        self.firmware = told[3] or None

    def say(self, text: str) -> None:
        """Errors that the instrument has found are asked for after every step, where the mapping says how."""
        text, answered, expected = text.partition(" -> ")
        if answered:
            if (told := self.ask(text)) != expected:
                raise Fault("refused", detail=f"it answered {told!r}, and not {expected!r} ({text})")
        else:
            self._over(lambda: self.resource.write(text))
        if error := self.mapping.get("error"):
            told = self.ask(error["ask"])
            if not any(told.startswith(fine) for fine in error["fine"]):
                raise Fault("refused", detail=f"{told} ({text})")

    def ask(self, text: str) -> str:
        return str(self._over(lambda: self.resource.query(text))).strip()

    def _over(self, exchange: Any) -> Any:
        import pyvisa

        if self.resource is None:  # what makes safe comes before anybody has asked who this is
            self.connect()
        try:
            return exchange()
        except pyvisa.errors.VisaIOError as error:
            if error.error_code == pyvisa.constants.StatusCode.error_timeout:
                raise Fault("no_reply", waited_s=self.asked.patience_s) from error
            raise Fault("link_lost", detail=str(error)) from error
        except (OSError, pyvisa.errors.InvalidSession) as error:
            raise Fault("link_lost", detail=str(error)) from error


def resource_name(where: str) -> str:
    """The name of a resource; ``host:port`` and the path of a serial port, as wiring files have them, have one too."""
    if "::" in where:
        return where
    if where.startswith("/"):
        return f"ASRL{where}::INSTR"
    host, _, port = where.rpartition(":")
    return f"TCPIP::{host}::{port}::SOCKET"


def main() -> None:
    parser = argparse.ArgumentParser(prog="flowtwin.bridges.visa", description=str(__doc__).split("\n")[0])
    parser.add_argument("resource", help="such as TCPIP::192.168.1.20::5025::SOCKET; HOST:PORT or /dev/ttyUSB0 is one too")
    parser.add_argument("mapping", help="the mapping file")
    parser.add_argument("--library", default="@py", help="the library of VISA: @py, @ivi, or FILE@sim")
    parser.add_argument("--end", default="\\n", help="what ends a line, in both directions")
    parser.add_argument("--baud", type=int, help="the baud rate of a serial resource")
    parser.add_argument("--patience-s", type=float, default=PATIENCE_S, help="how long the instrument may take to answer")
    parser.add_argument("--no-idn", dest="idn", action="store_false", help="the instrument does not know *IDN?")
    serve(Visa(parser.parse_args()))


if __name__ == "__main__":
    main()
