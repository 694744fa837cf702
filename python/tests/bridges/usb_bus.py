"""Spectrometers of Ocean Optics on a USB bus that is none: a backend of pyusb, on which python-seabreeze finds and drives them.

    python3 usb_bus.py USB2000 SERIAL [words of the bridge]

starts the bridge with one of them in place of libusb. Bytes are those that python-seabreeze 2.11 sends and expects.
"""

from __future__ import annotations

import struct
import sys
import time
from collections import defaultdict
from types import SimpleNamespace

import usb.backend
import usb.backend.libusb1

#: Product, pixels, full scale, endpoint out, low and high speed in.
MODELS = {
    "USB2000": (0x1002, 2048, 4095, 0x02, 0x87, 0x82),
    "USB2000PLUS": (0x101E, 2048, 65535, 0x01, 0x81, 0x82),
    "FLAMES": (0x101E, 2048, 65535, 0x01, 0x81, 0x82),
    "USB4000": (0x1022, 3840, 65535, 0x01, 0x81, 0x82),
    "STS": (0x4000, 1024, 16383, 0x01, 0x81, 0x81),
    "QEPRO": (0x4004, 1044, 2**18 - 1, 0x01, 0x81, 0x81),
}
COEFFICIENTS = (200.0, 0.4, -1e-5, 1e-9)


class Descriptor(SimpleNamespace):
    """Of USB; what is not said is zero."""

    def __getattr__(self, name: str) -> int:
        return 0


def counts(model: str) -> list[int]:
    """What every frame shows."""
    _, pixels, full_scale, *_ = MODELS[model]
    return [(37 * pixel + 1000) % (full_scale + 1) for pixel in range(pixels)]


class Bus(usb.backend.IBackend):
    def __init__(self, model: str, serial: str) -> None:
        self.model, self.serial = model, serial
        self.product, _, _, self.out, self.low, self.high = MODELS[model]
        self.replies: dict[int, bytes] = defaultdict(bytes)
        self.integration_s, self.ready = 0.0, 0.0

    def enumerate_devices(self):
        yield self

    def get_device_descriptor(self, dev):
        return Descriptor(idVendor=0x2457, idProduct=self.product, bNumConfigurations=1, bus=1, address=1, port_numbers=(1,))

    def get_configuration_descriptor(self, dev, config):
        return Descriptor(bNumInterfaces=1, bConfigurationValue=1, extra_descriptors=[])

    def get_interface_descriptor(self, dev, intf, alt, config):
        if alt:
            raise IndexError
        return Descriptor(bNumEndpoints=4, extra_descriptors=[])

    def get_endpoint_descriptor(self, dev, ep, intf, alt, config):
        address = (self.out, self.low, 0x82 if self.low != 0x82 else 0x83, 0x86)[ep]
        return Descriptor(bEndpointAddress=address, bmAttributes=2, wMaxPacketSize=64, extra_descriptors=[])

    def open_device(self, dev):
        return self

    def get_configuration(self, handle):
        return 1

    def nothing(self, *_):
        return None

    close_device = set_configuration = claim_interface = release_interface = reset_device = detach_kernel_driver = nothing
    set_interface_altsetting = clear_halt = attach_kernel_driver = nothing

    def is_kernel_driver_active(self, handle, intf):
        return False

    def bulk_write(self, handle, ep, intf, data, timeout):
        (self.ocean_binary if self.model in ("STS", "QEPRO") else self.ooi)(bytes(data))
        return len(data)

    def bulk_read(self, handle, ep, intf, buff, timeout):
        time.sleep(max(0.0, self.ready - time.monotonic()))
        size = min(len(buff), len(self.replies[ep]))
        buff[:size] = type(buff)("B", self.replies[ep][:size])
        self.replies[ep] = self.replies[ep][size:]
        return size

    def expose(self) -> None:
        self.ready = time.monotonic() + self.integration_s

    def ooi(self, sent: bytes) -> None:
        """The protocol of USB2000 and its successors."""
        asked, given = sent[0], sent[1:]
        if asked == 0x02:
            base = 1e-3 if self.model == "USB2000" else 1e-6
            self.integration_s = base * int.from_bytes(given, "little")
        elif asked == 0x05:
            slots = {0: self.serial, **{1 + power: repr(term) for power, term in enumerate(COEFFICIENTS)}}
            slots |= {6 + power: repr(term) for power, term in enumerate((1.0, 1e-6, 0, 0, 0, 0, 0, 0))} | {14: "7"}
            text = slots.get(given[0], "").encode()[:14]
            self.replies[self.low] += bytes([0x05, given[0]]) + text.ljust(15, b"\0")
        elif asked == 0x6B:  # a register: the firmware, by which a Flame is told from a USB2000+
            self.replies[self.low] += struct.pack("<BH", given[0], 0x3000 if self.model == "FLAMES" else 0x1000)
        elif asked == 0xFE:
            self.replies[self.low] += struct.pack("<HLBBBBBBBBBB", 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0x80, 0)
        elif asked == 0x09:
            self.expose()
            raw = struct.pack(f"<{len(counts(self.model))}H", *counts(self.model))
            if self.model == "USB2000":  # packets of 64 low bytes, then of 64 high bytes
                pieces = [raw[at : at + 128] for at in range(0, len(raw), 128)]
                raw = b"".join(piece[::2] + piece[1::2] for piece in pieces)
            if self.model == "USB4000":
                self.replies[0x86] += raw[:2048]
                raw = raw[2048:]
            self.replies[self.high] += raw + b"\x69"

    def ocean_binary(self, sent: bytes) -> None:
        """The Ocean Binary Protocol."""
        flags, kind, size = *struct.unpack_from("<H2xI", sent, 4), sent[23]
        given, payload = sent[24 : 24 + size], b""
        if kind == 0x00110010:
            self.integration_s = 1e-6 * int.from_bytes(given, "little")
        elif kind == 0x00000100:
            payload = self.serial.encode()
        elif kind == 0x00000101:
            payload = bytes([len(self.serial)])
        elif kind == 0x00180100:
            payload = bytes([len(COEFFICIENTS)])
        elif kind == 0x00180101:
            payload = struct.pack("<f", COEFFICIENTS[given[0]])
        elif kind == 0x00101100:
            self.expose()
            payload = struct.pack(f"<{len(counts(self.model))}H", *counts(self.model))
        elif kind == 0x00100928:
            self.expose()
            payload = bytes(32) + struct.pack(f"<{len(counts(self.model))}I", *counts(self.model))
        if not payload and not flags & 4:
            return
        short = payload if len(payload) <= 16 else b""
        rest = b"" if short else payload
        header = struct.pack("<4sHHII6xBB16sI", sent[:4], 1 | (flags & 4) >> 1, 0, kind, 0, 0, len(short), short, len(rest) + 20)
        self.replies[self.low] += header + rest + bytes(16) + b"\xc5\xc4\xc3\xc2"


def main() -> None:
    from flowtwin.bridges import seabreeze

    bus = Bus(*sys.argv[1:3])
    usb.backend.libusb1.get_backend = lambda *_, **__: bus
    sys.argv = ["seabreeze", *sys.argv[2:]]
    seabreeze.main()


if __name__ == "__main__":
    main()
