"""A Thorlabs DC2200 LED driver by SCPI: `python3 led.py HOST:PORT AMPERES`."""

import sys

from flowtwin_instrument import Instrument, Line, serve


class Led(Instrument):
    kind = "light"
    line = None

    def connect(self):
        self.line = Line(sys.argv[1])
        maker, model, self.serial_number, self.firmware = self.ask("*IDN?").split(",")
        self.model = f"{maker} {model}"

    def ask(self, question):
        return self.line.ask(question.encode() + b"\n").decode().strip()

    def switch(self, on):
        if on:
            self.line.tell(b"SOURCE1:MODE CC\n")
            self.line.tell(f"SOURCE1:CCURENT:CURRENT {float(sys.argv[2])}\n".encode())
        self.line.tell(f"OUTPUT1:STATE {'ON' if on else 'OFF'}\n".encode())

    def on(self):
        return self.ask("OUTPUT1:STATE?").upper() in ("1", "ON")


serve(Led())
