"""A Chemyx Fusion syringe pump: `python3 chemyx.py PORT [BAUD]`."""

import sys

from flowtwin_instrument import Fault, Instrument, Line, serve

UL_PER_MIN = 2  # the unit of rates; volumes are in µL
STATUS = ["stopped", "running", "paused", "delayed", "stalled"]


class Chemyx(Instrument):
    kind = "pump"

    def connect(self):
        self.line = Line(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 9600)
        self.status()
        try:
            self.model = "Chemyx: " + self.ask("help")[0]
        except Fault:  # some firmware has no help
            self.model = "Chemyx Fusion"

    def ask(self, command):
        answer = self.line.ask(command.encode() + b"\r", until=b">").decode()
        lines = [line.strip() for line in answer.strip("> \r\n").splitlines() if line.strip()]
        if lines[:1] == [command]:
            lines.pop(0)
        if "Invalid Command!" in lines:
            raise Fault("refused", detail=f"Invalid Command! ({command})")
        return lines

    def values(self, command):
        """The numbers of an answer such as `rate = 5.0`, by their names."""
        pairs = [line.split("=") for line in self.ask(command) if "=" in line]
        return {name.strip(): float(number) for name, number in pairs}

    def set(self, name, value, shown, unit=""):
        kept = self.values(f"set {name} {value}")[shown]
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
        if self.status() not in ("stopped", "stalled"):
            raise Fault("refused", detail=f"it is {self.status()} after it was stopped")

    def status(self):
        return STATUS[int(self.ask("pump status")[-1])]

    def dispensed_ul(self):
        return self.values("dispensed volume")["dispensed volume"]

    def rate_ul_per_min(self):
        """In another unit the same number is another flow, and with another bore another volume."""
        kept = self.values("view parameter")
        for name, asked in {"unit": UL_PER_MIN, "dia": self.bore_mm}.items():
            if asked is not None and abs(kept[name] - asked) > 1e-3 * asked:
                raise Fault("kept_other", quantity=name, asked=asked, kept=kept[name], unit="")
        return kept["rate"]


serve(Chemyx())
