"""A Thorlabs DC2200 LED driver by SCPI: `python3 led.py HOST:PORT AMPERES`."""

import sys

from flowtwin_instrument import Fault, serve
from scpi import Scpi


class Led(Scpi):
    kind = "light"
    where = sys.argv[1]

    def switch(self, on):
        if on:
            self.tell("SOURCE1:MODE CC")
            self.tell(f"SOURCE1:CCURENT:CURRENT {float(sys.argv[2])}")
        self.tell(f"OUTPUT1:STATE {'ON' if on else 'OFF'}")
        if self.on() != on:
            raise Fault("refused", detail="it is still off" if on else "it is still on")

    def on(self):
        return self.ask("OUTPUT1:STATE?").upper() in ("1", "ON")


serve(Led())
