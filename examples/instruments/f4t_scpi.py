"""Loop 1 of a Watlow F4T by SCPI: `python3 f4t_scpi.py HOST:PORT`."""

import sys

from flowtwin_instrument import Fault, serve
from scpi import Scpi


class F4t(Scpi):
    kind = "heater"
    where = sys.argv[1]

    def heat(self, set_point_c):
        self.tell(f":SOURCE:CLOOP1:SPOINT {set_point_c}")
        self.tell(":OUTPUT1:STATE ON")

    def off(self):
        self.tell(":OUTPUT1:STATE OFF")
        if self.mode() != "off":
            raise Fault("refused", detail="it is still on")

    def temperature_c(self):
        if self.ask(":SOURCE:CLOOP1:ERROR?") != "NONE":
            raise Fault("sensor_open")
        return float(self.ask(":SOURCE:CLOOP1:PVALUE?"))

    def set_point_c(self):
        return float(self.ask(":SOURCE:CLOOP1:SPOINT?"))

    def mode(self):
        return "automatic" if self.ask(":OUTPUT1:STATE?") == "ON" else "off"


serve(F4t())
