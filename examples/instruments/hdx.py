"""An Ocean HDX spectrometer by the Ocean Binary Protocol over TCP: `python3 hdx.py HOST:PORT`."""

import struct
import sys

from flowtwin_instrument import Fault, Instrument, Line, serve

ACK, NACK = 4, 8
SERIAL_NUMBER, FIRMWARE, PIXELS, MAXIMUM_COUNTS = 0x100, 0x90, 0x110220, 0x101010
INTEGRATION, INTEGRATION_LOW, INTEGRATION_HIGH, SET_INTEGRATION = 0x110000, 0x110001, 0x110002, 0x110010
SET_TRIGGER, SET_AVERAGE, SET_BOXCAR, SET_BACK_TO_BACK = 0x110110, 0x120010, 0x121010, 0x110112
BUFFER_MAXIMUM, SET_BUFFER_SIZE, SET_BUFFERING = 0x100820, 0x100832, 0x100810
BUFFER_CLEAR, BUFFER_ACQUIRE, BUFFER_COUNT, BUFFER_GET = 0x100830, 0x100902, 0x100900, 0x100980
WAVELENGTH_COUNT, WAVELENGTH = 0x180100, 0x180101
METADATA, NOT_READY = 64, 7


class Hdx(Instrument):
    kind = "spectrometer"
    taken = None
    frames = 0

    def connect(self):
        self.line = Line(sys.argv[1])
        self.model = "Ocean HDX"
        self.serial_number = self.exchange(SERIAL_NUMBER).strip(b"\0").decode()
        self.firmware = str(self.number(FIRMWARE))

    def exchange(self, kind, data=b"", flags=0):
        header = struct.pack("<4sHHII6xBB16sI", b"\xc1\xc0\x00\x11", flags, 0, kind, 0, 0, len(data), data, 20)
        answer = self.line.ask(header + bytes(16) + b"\xc5\xc4\xc3\xc2", count=44)
        length = 44 + struct.unpack_from("<I", answer, 40)[0]
        parts = [answer]
        have = len(answer)
        while have < length:
            parts.append(self.line.more(length - have))
            have += len(parts[-1])
        answer = b"".join(parts)
        flags, error = struct.unpack_from("<HH", answer, 4)
        if error == NOT_READY:
            raise Fault("not_ready")
        if error or flags & NACK:
            raise Fault("refused", detail=f"message {kind:#08x}: error {error}")
        return answer[24 : 24 + answer[23]] or answer[44:-20]

    def number(self, kind, data=b""):
        return int.from_bytes(self.exchange(kind, data), "little")

    def set(self, kind, value, size):
        self.exchange(kind, value.to_bytes(size, "little"), ACK)

    def describe(self):
        one = lambda i: struct.unpack("<f", self.exchange(WAVELENGTH, bytes([i])))[0]
        return {
            "pixels": self.number(PIXELS),
            "wavelength_coefficients": [one(i) for i in range(4)],
            "full_scale": min(self.number(MAXIMUM_COUNTS), 65535),
            "min_integration_us": self.number(INTEGRATION_LOW),
            "max_integration_us": self.number(INTEGRATION_HIGH),
        }

    def arm(self, integration_us, frames):
        self.set(SET_TRIGGER, 0, 1)
        self.set(SET_AVERAGE, 1, 2)
        self.set(SET_BOXCAR, 0, 1)
        self.set(SET_BUFFER_SIZE, self.number(BUFFER_MAXIMUM), 4)
        self.set(SET_BUFFERING, 1, 1)
        self.set(SET_INTEGRATION, integration_us, 4)
        self.set(SET_BACK_TO_BACK, frames, 4)
        self.exchange(BUFFER_CLEAR, flags=ACK)
        self.exchange(BUFFER_ACQUIRE, flags=ACK)
        self.taken, self.frames = None, frames
        return {"takes_s": integration_us * frames / 1e6}

    def fetch(self, frame):
        if self.taken is None:
            if self.number(BUFFER_COUNT) < self.frames:
                raise Fault("not_ready")
            one = lambda: self.exchange(BUFFER_GET, (1).to_bytes(4, "little"))[METADATA:-4]
            self.taken = [struct.unpack(f"<{len(counts) // 2}H", counts) for counts in (one() for _ in range(self.frames))]
        return {"counts": self.taken[frame]}

    def integration_us(self):
        return self.number(INTEGRATION)


serve(Hdx())
