"""PyVISA against the emulated LED drivers."""

import unittest

import pyvisa

import rig


class Dc2200(rig.Peer):
    software = ("PyVISA", "PyVISA-py",)
    def setUp(self):
        host, port = rig.endpoint("led")
        self.visa = pyvisa.ResourceManager("@py")
        self.led = self.visa.open_resource(
            f"TCPIP::{host}::{port}::SOCKET", read_termination="\n", write_termination="\n"
        )

    def tearDown(self):
        self.led.close()
        self.visa.close()

    def test_current_and_output_are_kept(self):
        self.assertTrue(self.led.query("*IDN?").startswith("Thorlabs,DC2200,"))
        self.led.write("SOURCE1:MODE CC")
        self.led.write("SOURCE1:CCURENT:CURRENT 0.35")
        self.assertAlmostEqual(float(self.led.query("SOURCE1:CCURENT:CURRENT?")), 0.35)
        for state, shown in (("ON", "1"), ("OFF", "0")):
            self.led.write(f"OUTPUT1:STATE {state}")
            self.assertEqual(self.led.query("OUTPUT1:STATE?"), shown)
        self.assertEqual(self.led.query("SYSTEM:ERROR?"), '+0,"No error"')

    def test_an_unknown_command_is_an_error(self):
        self.led.write("MAKE:COFFEE")
        self.assertIn("Undefined header", self.led.query("SYSTEM:ERROR?"))


class Dc4100(rig.Peer):
    software = ("PyVISA", "PyVISA-py")

    def test_an_led_is_switched_over_a_serial_port(self):
        visa = pyvisa.ResourceManager("@py")
        driver = visa.open_resource(
            f"ASRL{rig.endpoint('leds')}::INSTR",
            baud_rate=115200,
            read_termination="\r\n",
            write_termination="\r\n",
        )
        self.assertEqual(driver.query("n?"), "DC4100")
        driver.write("cc 1 200")
        self.assertEqual(driver.query("cc? 1"), "200")
        driver.write("o 1 1")
        self.assertEqual(driver.query("o? 1"), "1")
        driver.write("o -1 0")
        self.assertEqual(driver.query("o? 1"), "0")
        driver.close()
        visa.close()
