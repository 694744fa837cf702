"""A Chemyx Fusion syringe pump: `python3 chemyx.py PORT [BAUD]`."""

import sys

from flowtwin_instrument import Fault, Instrument, Line, serve

UL_PER_MIN = 2  # the unit of rates; volumes are in µL
STATUS = ["stopped", "running", "paused", "delayed", "stalled"]


class Chemyx(Instrument):
    kind = "pump"

    def connect(self):
        self.line = Line(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 9600)
        self.model = "Chemyx: " + self.ask("help")[0]

    def ask(self, command):
        answer = self.line.ask(command.encode() + b"\r", until=b">").decode()
        lines = [line.strip() for line in answer.strip("> \r\n").splitlines() if line.strip()]
        if lines[:1] == [command]:
            lines.pop(0)
        if "Invalid Command!" in lines:
            raise Fault("refused", detail=f"Invalid Command! ({command})")
        return lines

    def value(self, command, name):
        found = [line.split("=")[1] for line in self.ask(command) if line.startswith(name)]
        return float(found[0])

    def set(self, name, value, shown, unit=""):
        kept = self.value(f"set {name} {value}", shown)
        if abs(kept - value) > 1e-5 * max(1.0, abs(value)):
            raise Fault("kept_other", quantity=name, asked=value, kept=kept, unit=unit)

    def dispense(self, rate_ul_per_min, volume_ul):
        self.ask("stop")
        self.set("units", UL_PER_MIN, "units")  # every time: a pump that has lost its power comes back in mL/min
        if self.bore_mm is not None:
            self.set("diameter", self.bore_mm, "diameter", "mm")
        self.set("rate", round(rate_ul_per_min, 6), "rate", "µL/min")
        self.set("volume", round(volume_ul, 5), "volume", "µL")
        self.ask("start")

    def stop(self):
        self.ask("stop")

    def status(self):
        return STATUS[int(self.ask("pump status")[-1])]

    def dispensed_ul(self):
        return self.value("dispensed volume", "dispensed volume")

    def rate_ul_per_min(self):
        self.looks_as_set()
        return self.value("view parameter", "rate")

    def looks_as_set(self):
        """In another unit the same number is another flow, and with another bore another volume."""
        asked = {"unit": UL_PER_MIN, "dia": self.bore_mm}
        for name, value in asked.items():
            kept = self.value("view parameter", name)
            if value is not None and abs(kept - value) > 1e-3 * value:
                raise Fault("kept_other", quantity=name, asked=value, kept=kept, unit="")


serve(Chemyx())
