"""A New Era NE-1000 syringe pump: `python3 new_era.py PORT [ADDRESS]`, at 19 200 baud."""

import sys

from flowtwin_instrument import Fault, Instrument, Line, serve

STATUS = {"S": "stopped", "I": "running", "W": "running", "X": "running", "P": "paused", "T": "paused", "U": "paused"}
ADDRESS = sys.argv[2] if len(sys.argv) > 2 else "00"
UL = {"UL": 1.0, "ML": 1000.0}


class NewEra(Instrument):
    kind = "pump"

    def connect(self):
        self.line = Line(sys.argv[1], 19200)
        self.model = "New Era " + self.ask("VER")

    def ask(self, command):
        answer = self.line.ask(f"{ADDRESS}{command}\r".encode(), until=b"\x03").decode()
        text = answer.strip("\x02\x03")[2:]
        if text.startswith("A"):
            raise Fault("stalled" if text.endswith("S") else "refused", detail=f"alarm {text}")
        if "?" in text:
            raise Fault("refused", detail=f"{text[1:]} ({command})")
        self.state = text[0]
        return text[1:]

    def dispense(self, rate_ul_per_min, volume_ul):
        self.stop()
        if self.bore_mm is not None:
            self.ask(f"DIA{self.bore_mm:.4g}")
        self.ask("DIRINF")
        self.ask(f"RAT{rate_ul_per_min:.4g}UM" if rate_ul_per_min < 10000 else f"RAT{rate_ul_per_min / 1000:.4g}MM")
        unit = "UL" if volume_ul < 10000 else "ML"
        self.ask(f"VOL{unit}")
        self.ask(f"VOL{volume_ul / UL[unit]:.4g}")
        self.ask("CLDINF")
        self.ask("RUN")

    def stop(self):
        for _ in range(2):  # the first stop pauses
            try:
                stands_still = self.status() == "stopped"
            except (Fault, OSError):
                stands_still = False  # nobody knows
            failed = None
            try:
                if not stands_still:
                    self.ask("STP")
            except (Fault, OSError) as error:
                failed = error  # the other stop is sent all the same
        if failed:
            raise failed
        if self.status() not in ("stopped", "stalled"):
            raise Fault("refused", detail=f"it is {self.status()} after it was stopped")

    def status(self):
        try:
            self.ask("")
        except Fault as fault:
            if fault.told["kind"] == "stalled":
                return "stalled"
            raise
        return STATUS[self.state]

    def dispensed_ul(self):
        infused, rest = self.ask("DIS")[1:].split("W")
        return float(infused) * UL[rest[-2:]]

    def rate_ul_per_min(self):
        answer = self.ask("RAT")
        return float(answer[:-2]) * {"UM": 1.0, "MM": 1e3, "UH": 1 / 60, "MH": 1e3 / 60}[answer[-2:]]


serve(NewEra())
