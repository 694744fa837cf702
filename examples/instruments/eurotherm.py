"""A Eurotherm 2200 or 2400 controller on Modbus RTU: `python3 eurotherm.py PORT [ADDRESS]`, at 9600 baud."""

import struct
import sys

from flowtwin_instrument import Fault, Instrument, Line, serve

ADDRESS = int(sys.argv[2]) if len(sys.argv) > 2 else 1
TEMPERATURE, SET_POINT, OUTPUT = (2 * parameter + 32768 for parameter in (1, 2, 3))  # the IEEE region
MODE, SENSOR_BREAK = 273, 258


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


class Eurotherm(Instrument):
    kind = "heater"
    model = "Eurotherm 2000"
    limits = {"set_point_c": [-200.0, 1400.0]}  # it keeps narrower ones of its own

    def connect(self):
        self.line = Line(sys.argv[1], 9600)
        self.temperature_c()

    def exchange(self, pdu, count):
        frame = bytes([ADDRESS]) + pdu
        answer = self.line.ask(frame + crc(frame), count=5)
        if answer[1] & 0x80:
            raise Fault("refused", detail=f"Modbus exception {answer[2]}")
        while len(answer) < count:
            answer += self.line.more(count - len(answer))
        if crc(answer[:-2]) != answer[-2:]:
            raise Fault("garbled", detail="checksum")
        return answer

    def number(self, register):
        return struct.unpack(">f", self.exchange(struct.pack(">BHH", 3, register, 2), 9)[3:7])[0]

    def word(self, register):
        return struct.unpack(">H", self.exchange(struct.pack(">BHH", 3, register, 1), 7)[3:5])[0]

    def heat(self, set_point_c):
        self.exchange(struct.pack(">BHHBf", 16, SET_POINT, 2, 4, set_point_c), 8)
        self.exchange(struct.pack(">BHH", 6, MODE, 0), 8)

    def off(self):
        try:
            self.exchange(struct.pack(">BHH", 6, MODE, 1), 8)
        finally:  # by hand it keeps the output that it had
            self.exchange(struct.pack(">BHHBf", 16, OUTPUT, 2, 4, 0.0), 8)
        if self.mode() != "off":
            raise Fault("refused", detail=f"its mode is {self.mode()}, and not off")

    def temperature_c(self):
        if self.word(SENSOR_BREAK):
            raise Fault("sensor_open")
        return self.number(TEMPERATURE)

    def set_point_c(self):
        return self.number(SET_POINT)

    def power_percent(self):
        return self.number(OUTPUT)

    def mode(self):
        return "automatic" if self.word(MODE) == 0 else "off" if self.number(OUTPUT) <= 0 else "fixed_power"


serve(Eurotherm())
