"""pyseabreeze and Ocean's own C++ library against the emulated HDX."""

import subprocess
import sys
import textwrap
import unittest

import numpy as np

import rig


def hdx(name):
    from seabreeze.pyseabreeze.devices import HDX, SeaBreezeDevice
    from seabreeze.pyseabreeze.transport import IPv4Transport, IPv4TransportHandle

    host, port = rig.endpoint(name)
    try:
        IPv4Transport.register_model("HDX", ipv4_address=host, ipv4_port=port)
    except ValueError:
        pass  # Registered by the test before.
    device = SeaBreezeDevice(IPv4TransportHandle(host, port))
    assert isinstance(device, HDX)
    device.open()
    return device


class Pyseabreeze(rig.Peer):
    software = ("seabreeze",)
    def setUp(self):
        self.device = hdx("absorption")
        self.features = self.device.f

    def tearDown(self):
        self.device.close()

    def test_identity_is_told(self):
        self.assertEqual(self.device.get_serial_number(), "HDX00042")
        self.assertEqual(self.device.model, "HDX")

    def test_wavelengths_follow_from_the_coefficients(self):
        nm = self.features.spectrometer.get_wavelengths()
        self.assertEqual(nm.shape, (2068,))
        self.assertAlmostEqual(nm[0], 200.0, places=3)
        self.assertAlmostEqual(nm[1000], 200.0 + 1000 * float(np.float32(0.4)), places=3)

    def test_a_spectrum_takes_its_integration_time(self):
        import time

        spectrometer = self.features.spectrometer
        for us in (6_000, 400_000):
            spectrometer.set_integration_time_micros(us)
            begun = time.monotonic()
            counts = spectrometer.get_intensities()
            self.assertGreaterEqual(time.monotonic() - begun, us * 1e-6)
            self.assertEqual(counts.shape, (2068,))
            self.assertGreater(counts.min(), 1_000)


#: Emulated models without a buffer: product id, endpoints, pixels, serial number, largest count, and whether they speak in packets.
BUS = {
    "sts": ("STS", 0x4000, (0x01, 0x81), 1024, "S00042", 16_383, False),
    "qe-pro": ("QEPRO", 0x4004, (0x01, 0x81), 1044, "QEP00042", 2**18 - 1, False),
    "usb2000": ("USB2000", 0x1002, (0x02, 0x87, 0x82), 2048, "USB2G00042", 4_095, True),
    "usb2000-plus": ("USB2000PLUS", 0x101E, (0x01, 0x81, 0x82, 0x86), 2048, "USB2+H00042", 65_535, True),
    "usb4000": ("USB4000", 0x1022, (0x01, 0x81, 0x82, 0x86), 3840, "USB4C00042", 65_535, True),
}


def on_bus(name):
    """The emulated spectrometer `name`, opened by pyseabreeze on a bus on which it is alone."""
    from seabreeze.pyseabreeze.devices import SeaBreezeDevice
    from seabreeze.pyseabreeze.transport import USBTransportHandle
    import usb.core

    from usb_relay import Device, Relay

    model, product, endpoints, _, _, _, packets = BUS[name]
    emulated = Device(rig.endpoint(name), 1 + list(BUS).index(name), product, endpoints, packets)
    found = usb.core.find(backend=Relay([emulated]))
    device = SeaBreezeDevice(USBTransportHandle(found))
    device.open()
    assert device.model == model, device.model
    return device


class PyseabreezeUsb(rig.Peer):
    software = ("seabreeze",)

    def each(self):
        for name in BUS:
            with self.subTest(name):
                device = on_bus(name)
                yield name, device
                device.close()

    def test_identity_is_told(self):
        for name, device in self.each():
            self.assertEqual(device.get_serial_number(), BUS[name][4])

    def test_wavelengths_and_the_response_are_those_that_are_stored(self):
        for name, device in self.each():
            nm = device.f.spectrometer.get_wavelengths()
            self.assertEqual(nm.shape, (BUS[name][3],))
            self.assertAlmostEqual(nm[1000], 200.0 + 1000 * 0.4, places=3)
            if device.f.nonlinearity_coefficients is not None:
                stored = device.f.nonlinearity_coefficients.get_nonlinearity_coefficients()
                self.assertEqual(list(stored), [1.0] + 7 * [0.0])

    def test_a_spectrum_takes_its_integration_time_and_shows_every_pixel(self):
        import time

        for name, device in self.each():
            spectrometer = device.f.spectrometer
            spectrometer.set_trigger_mode(0)
            for us in (10_000, 300_000):
                spectrometer.set_integration_time_micros(us)
                begun = time.monotonic()
                counts = spectrometer.get_intensities()
                self.assertGreaterEqual(time.monotonic() - begun, us * 1e-6)
                step = 4 if name == "qe-pro" else 1  # 18 bits
                self.assertEqual(list(counts - counts[0]), list(step * (np.arange(BUS[name][3]) % 100)))

    def test_what_is_out_of_its_range_is_not_kept(self):
        from seabreeze.pyseabreeze.exceptions import SeaBreezeError

        for name, device in self.each():
            with self.assertRaises(SeaBreezeError):
                device.f.spectrometer.set_integration_time_micros(1)


LIBRARY = """
import sys
import seabreeze
seabreeze.use("cseabreeze")
from seabreeze.cseabreeze import SeaBreezeAPI

api = SeaBreezeAPI(initialize=True)
kind, at = sys.argv[1], sys.argv[2]
model = sys.argv[3].encode()
if kind == "tcp":
    host, port = at.rsplit(":", 1)
    api.add_ipv4_device_location(model, host.encode(), int(port))
else:
    api.add_rs232_device_location(model, at.encode(), int(sys.argv[4]))
device = api.list_devices()[0]
device.open()
spectrometer = device.f.spectrometer
spectrometer.set_integration_time_micros(10_000)
counts = spectrometer.get_intensities()
print(device.get_serial_number(), len(counts), int(counts.min()) > 1_000)
device.close()
"""


class Libseabreeze(rig.Peer):
    """The library has no time-out of its own on TCP, so it runs in a process with one."""

    software = ("seabreeze",)

    def ask(self, kind, at, model="FlameX", baud=115_200):
        command = [sys.executable, "-c", textwrap.dedent(LIBRARY), kind, at, model, str(baud)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split()

    def test_it_reads_a_spectrum_over_tcp(self):
        host, port = rig.endpoint("emission")
        self.assertEqual(self.ask("tcp", f"{host}:{port}"), ["HDX00043", "2068", "True"])

    def test_it_reads_a_spectrum_over_a_serial_port(self):
        self.assertEqual(self.ask("serial", rig.endpoint("serial")), ["HDX00044", "2068", "True"])

    def test_it_reads_a_spectrum_of_an_sts_over_a_serial_port(self):
        self.assertEqual(self.ask("serial", rig.endpoint("sts-serial"), "STS", 9_600), ["S00043", "1024", "True"])
