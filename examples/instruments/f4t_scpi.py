"""Loop 1 of a Watlow F4T by SCPI: `python3 f4t_scpi.py HOST:PORT`."""

import sys

from flowtwin_instrument import Fault, Instrument, Line, serve


class F4t(Instrument):
    kind = "heater"
    line = None

    def connect(self):
        self.line = Line(sys.argv[1])
        maker, model, self.serial_number, self.firmware = self.ask("*IDN?").split(",")
        self.model = f"{maker} {model}"

    def ask(self, question):
        return self.line.ask(question.encode() + b"\n").decode().strip()

    def heat(self, set_point_c):
        self.line.tell(f":SOURCE:CLOOP1:SPOINT {set_point_c}\n".encode())
        self.line.tell(b":OUTPUT1:STATE ON\n")

    def off(self):
        self.line.tell(b":OUTPUT1:STATE OFF\n")

    def temperature_c(self):
        if self.ask(":SOURCE:CLOOP1:ERROR?") != "NONE":
            raise Fault("sensor_open")
        return float(self.ask(":SOURCE:CLOOP1:PVALUE?"))

    def set_point_c(self):
        return float(self.ask(":SOURCE:CLOOP1:SPOINT?"))

    def mode(self):
        return "automatic" if self.ask(":OUTPUT1:STATE?") == "ON" else "off"


serve(F4t())
