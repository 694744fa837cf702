"""A Thorlabs DC2200 LED driver by SCPI: `python3 led.py HOST:PORT AMPERES`."""

import sys

from flowtwin_instrument import serve
from scpi import Scpi


class Led(Scpi):
    kind = "light"
    where = sys.argv[1]

    def switch(self, on):
        if on:
            self.tell("SOURCE1:MODE CC")
            self.tell(f"SOURCE1:CCURENT:CURRENT {float(sys.argv[2])}")
        self.tell(f"OUTPUT1:STATE {'ON' if on else 'OFF'}")

    def on(self):
        return self.ask("OUTPUT1:STATE?").upper() in ("1", "ON")


serve(Led())
