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


LIBRARY = """
import sys
import seabreeze
seabreeze.use("cseabreeze")
from seabreeze.cseabreeze import SeaBreezeAPI

api = SeaBreezeAPI(initialize=True)
kind, at = sys.argv[1], sys.argv[2]
if kind == "tcp":
    host, port = at.rsplit(":", 1)
    api.add_ipv4_device_location(b"FlameX", host.encode(), int(port))
else:
    api.add_rs232_device_location(b"FlameX", at.encode(), 115200)
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

    def ask(self, kind, at):
        command = [sys.executable, "-c", textwrap.dedent(LIBRARY), kind, at]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split()

    def test_it_reads_a_spectrum_over_tcp(self):
        host, port = rig.endpoint("emission")
        self.assertEqual(self.ask("tcp", f"{host}:{port}"), ["HDX00043", "2068", "True"])

    def test_it_reads_a_spectrum_over_a_serial_port(self):
        self.assertEqual(self.ask("serial", rig.endpoint("serial")), ["HDX00044", "2068", "True"])
