"""NIST's AFL-automation driver and plain pyserial against the emulated pumps."""

import time
import unittest

import serial
from AFL.automation.loading.ChemyxSyringePump import ChemyxSyringePump

import rig


class Afl(rig.Peer):
    software = ("AFL-automation",)
    def test_it_sets_a_rate_and_dispenses(self):
        pump = ChemyxSyringePump(
            rig.endpoint("water"), syringe_id_mm=28.6, syringe_volume=50, baud=9600, flow_delay=0.1
        )
        pump.setRate(10.0)
        self.assertEqual(pump.getRate(), 10.0)
        begun = time.monotonic()
        pump.dispense(0.1)
        self.assertGreaterEqual(time.monotonic() - begun, 0.6)
        pump.pump.closeConnection()


class Text(unittest.TestCase):
    """The dialect of multi-channel firmware, which the driver above does not read."""

    def say(self, command):
        with serial.Serial(rig.endpoint("oil"), 9600, timeout=2) as port:
            port.write(command)
            return port.read_until(b">")

    def test_the_echo_ends_with_a_lone_carriage_return(self):
        self.assertEqual(self.say(b"set units 2\r"), b"set units 2\runits = 2\r\n>")
        self.assertEqual(self.say(b"bogus\r"), b"bogus\rInvalid Command!\r\n>")
        self.assertEqual(self.say(b" set units 2\r"), b" set units 2\rInvalid Command!\r\n>")
        self.assertEqual(self.say(b"pump status\r\n"), b"pump status\r0\r\n>")
