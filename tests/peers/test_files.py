"""Third-party drivers against the emulators that protocol files make."""

import time
import unittest

import minimalmodbus
from nesp_lib import Port, Pump, PumpingDirection, Status

import rig


class NewEra(unittest.TestCase):
    """NESP-Lib and the New Era NE-1000."""

    def test_it_runs_a_volume_to_its_end_and_counts_it(self):
        with Port(rig.endpoint("acid"), 19200) as port:
            pump = Pump(port)
            self.assertEqual(pump.model_number, 1000)
            pump.syringe_diameter_mm = 14.9
            self.assertEqual(pump.syringe_diameter_mm, 14.9)
            pump.pumping_direction = PumpingDirection.INFUSE
            pump.pumping_volume_ml = 0.05
            pump.pumping_rate_ml_per_min = 3.0
            self.assertAlmostEqual(pump.pumping_volume_ml, 0.05)
            self.assertAlmostEqual(pump.pumping_rate_ml_per_min, 3.0)
            pump.volume_infused_clear()
            begun = time.monotonic()
            pump.run()
            self.assertGreaterEqual(time.monotonic() - begun, 0.9)
            self.assertEqual(pump.status, Status.STOPPED)
            self.assertAlmostEqual(pump.volume_infused_ml, 0.05)

    def test_it_stops_in_two_steps(self):
        with Port(rig.endpoint("acid"), 19200) as port:
            pump = Pump(port)
            pump.pumping_volume_ml = 5.0
            pump.pumping_rate_ml_per_min = 1.0
            pump.run(False)
            self.assertTrue(pump.running)
            pump.stop()
            self.assertEqual(pump.status, Status.PAUSED)
            pump.stop()
            self.assertEqual(pump.status, Status.STOPPED)


class Eurotherm(unittest.TestCase):
    """minimalmodbus and the IEEE region of a Eurotherm."""

    def test_it_reads_and_sets(self):
        controller = minimalmodbus.Instrument(rig.endpoint("bath"), 1)
        controller.serial.baudrate = 9600
        controller.serial.timeout = 2
        at = lambda parameter: 2 * parameter + 32768
        self.assertAlmostEqual(controller.read_float(at(1)), 23.4, places=4)
        controller.write_float(at(2), 126.5)
        self.assertAlmostEqual(controller.read_float(at(2)), 126.5)
        self.assertEqual(controller.read_register(273), 1)
        controller.write_register(273, 0)
        self.assertEqual(controller.read_register(273), 0)
        self.assertAlmostEqual(controller.read_float(at(1)), 126.5)
        self.assertEqual(controller.read_register(258), 0)
        with self.assertRaises(minimalmodbus.IllegalRequestError):
            controller.read_register(999)
        with self.assertRaises(minimalmodbus.IllegalRequestError):
            controller.write_float(at(1), 20.0)
        controller.write_register(273, 1)


class EzZone(unittest.TestCase):
    """minimalmodbus and a Watlow EZ-ZONE PM, whose floats have their low half first."""

    def test_it_reads_and_sets(self):
        controller = minimalmodbus.Instrument(rig.endpoint("mantle"), 1)
        controller.serial.baudrate = 9600
        controller.serial.timeout = 2
        order = minimalmodbus.BYTEORDER_LITTLE_SWAP
        self.assertAlmostEqual(controller.read_float(360, byteorder=order), 23.4, places=4)
        controller.write_register(2490, 15, functioncode=6)
        self.assertEqual(controller.read_register(2490), 15)
        controller.write_float(2160, 126.5, byteorder=order)
        self.assertAlmostEqual(controller.read_float(2160, byteorder=order), 126.5)
        self.assertEqual(controller.read_register(1880), 62)
        controller.write_register(1880, 10, functioncode=6)
        self.assertAlmostEqual(controller.read_float(360, byteorder=order), 126.5)
        self.assertEqual(controller.read_register(362), 61)
        for wrong in (lambda: controller.write_register(1880, 7, functioncode=6), lambda: controller.read_register(999)):
            with self.assertRaises(minimalmodbus.ModbusException):
                wrong()
        controller.write_register(1880, 62, functioncode=6)


if __name__ == "__main__":
    unittest.main()
