"""Third-party drivers against the emulators that protocol files make."""

import time
import unittest

import minimalmodbus
import pyHamiltonPSD.communication as hamilton
from flowchem import ureg
from flowchem.devices.harvardapparatus.elite11 import Elite11
from flowchem.devices.huber.chiller import HuberChiller
from flowchem.devices.vicivalco.vici_valve import ViciValve
from huber import Bath
from ika.driver import Hotplate
from julabo import JulaboCF, connection_for_url
from nesp_lib import Port, Pump, PumpingDirection, Status

from pyHamiltonPSD.psd import PSD
from pyHamiltonPSD.util import PSDTypes, QueryCommandsEnumeration

import rig


class NewEra(rig.Peer):
    """NESP-Lib and the New Era NE-1000."""

    software = ("NESP-Lib",)

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
        self.lacks("pumping programs")


class PumpChain(rig.Peer, unittest.IsolatedAsyncioTestCase):
    """flowchem's driver of a Harvard Pump 11 Elite."""

    software = ("flowchem",)

    async def test_flowchem_sets_it_up_runs_it_to_its_volume_and_stops_it(self):
        pump = Elite11.from_config(rig.endpoint("base"), syringe_diameter="14.567 mm", syringe_volume="10 ml", address=1)
        await pump.initialize()
        self.assertEqual(await pump.get_syringe_diameter(), "14.5670 mm")
        self.assertEqual(await pump.get_syringe_volume(), "10.0000 ml")
        self.assertEqual(await pump.get_force(), 30)
        self.assertIn("ELITE", await pump.version())
        await pump.set_flow_rate("3 ml/min")
        self.assertAlmostEqual(await pump.get_flow_rate(), 3.0)
        await pump.set_target_volume("0.05 ml")
        await pump.infuse()
        self.assertTrue(await pump.is_moving())
        begun = time.monotonic()
        await pump.wait_until_idle()
        self.assertGreaterEqual(time.monotonic() - begun, 0.5)
        self.assertEqual(await pump._send_command_and_read_reply("ivolume"), "0.0500 ml")
        await pump.set_target_volume("5 ml")
        await pump.infuse()
        await pump.stop()
        self.assertFalse(await pump.is_moving())
        # It looks for errors in the last line, which is the prompt; so the answer itself is looked at.
        self.assertIn("Argument error", await pump._send_command_and_read_reply("diameter", parameter="99 mm"))
        self.lacks("drawing")
        self.lacks("ramps and methods")


def ieee_region(test, name):
    """A Eurotherm by its IEEE region, warmed to 126.5 °C: the instrument, and where a parameter is."""
    controller = minimalmodbus.Instrument(rig.endpoint(name), 1)
    controller.serial.baudrate = 9600
    controller.serial.timeout = 2
    at = lambda parameter: 2 * parameter + 32768
    test.assertAlmostEqual(controller.read_float(at(1)), 23.4, places=4)
    controller.write_float(at(2), 126.5)
    test.assertAlmostEqual(controller.read_float(at(2)), 126.5)
    return controller, at


class Eurotherm(rig.Peer):
    """minimalmodbus and the IEEE region of a Eurotherm."""

    software = ("minimalmodbus",)

    def test_it_reads_and_sets(self):
        controller, at = ieee_region(self, "bath")
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


class Eurotherm3200(rig.Peer):
    """minimalmodbus and the IEEE region of a Eurotherm 3200, whose sensor is a bit of its status."""

    software = ("minimalmodbus",)

    def test_it_reads_and_sets(self):
        controller, at = ieee_region(self, "kiln")
        controller.write_register(273, 0)
        self.assertEqual(controller.read_register(273), 0)
        self.assertAlmostEqual(controller.read_float(at(1)), 126.5)
        self.assertEqual(controller.read_register(75), 0)
        with self.assertRaises(minimalmodbus.IllegalRequestError):
            controller.write_register(75, 0, functioncode=6)
        controller.write_register(273, 1)
        self.assertEqual(controller.read_register(273), 1)


class Bronkhorst(rig.Peer):
    """minimalmodbus and a Bronkhorst mass-flow controller, which passes a volume and closes its valve."""

    software = ("minimalmodbus",)

    def test_it_passes_a_volume(self):
        controller = minimalmodbus.Instrument(rig.endpoint("argon"), 1)
        controller.serial.baudrate = 19200
        controller.serial.timeout = 2
        self.assertEqual(controller.read_string(0x81F8, 4).strip("\0 "), "mln/min")
        self.assertEqual(controller.read_string(0xE838, 2).strip("\0 "), "mln")
        for register, value in ((0x0D08, 2), (0x0D05, 1), (0x0D06, 0), (0x0024, 0)):
            controller.write_register(register, value, functioncode=6)
            self.assertEqual(controller.read_register(register), value)
        controller.write_float(0xE818, 0.05)
        controller.write_float(0xE808, 0.0)
        controller.write_float(0xA118, 3.0)
        self.assertAlmostEqual(controller.read_float(0xA118), 3.0)
        self.assertGreater(controller.read_register(0x0021), 0)
        begun = time.monotonic()
        while controller.read_register(0x0021) and time.monotonic() - begun < 60.0:
            pass
        self.assertGreaterEqual(time.monotonic() - begun, 0.5)
        self.assertAlmostEqual(controller.read_float(0xE808), 0.05, places=5)
        controller.write_float(0xA118, 0.0)
        self.lacks("measured flow")


class EzZone(rig.Peer):
    """minimalmodbus and a Watlow EZ-ZONE PM, whose floats have their low half first."""

    software = ("minimalmodbus",)

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


class OmegaPlatinum(rig.Peer):
    """minimalmodbus and an Omega Platinum controller."""

    software = ("minimalmodbus",)

    def test_it_reads_and_sets(self):
        controller = minimalmodbus.Instrument(rig.endpoint("furnace"), 1)
        controller.serial.baudrate = 9600
        controller.serial.timeout = 2
        self.assertAlmostEqual(controller.read_float(0x210), 23.4, places=4)
        self.assertEqual(controller.read_register(0x22C), 1)
        controller.write_float(0x2E2, 126.5)
        self.assertAlmostEqual(controller.read_float(0x2E2), 126.5)
        self.assertEqual(controller.read_register(0x240), 8)
        controller.write_register(0x240, 6, functioncode=6)
        self.assertEqual(controller.read_register(0x240), 6)
        self.assertAlmostEqual(controller.read_float(0x210), 126.5)
        for wrong in (lambda: controller.read_register(999), lambda: controller.write_float(0x210, 20.0)):
            with self.assertRaises(minimalmodbus.ModbusException):
                wrong()
        controller.write_register(0x240, 8, functioncode=6)


class Huber(rig.Peer, unittest.IsolatedAsyncioTestCase):
    """Two drivers of others and a Huber thermostat that speaks PB."""

    software = ("flowchem", "huber",)

    async def test_flowchem_over_a_serial_line(self):
        chiller = HuberChiller.from_config(rig.endpoint("cryostat"), name="cryostat")
        await chiller.initialize()
        self.assertEqual(await chiller.serial_number(), 0x1_4A38)
        self.assertEqual(await chiller.temperature_limits(), (-50.0, 200.0))
        self.assertAlmostEqual(await chiller.internal_temperature(), 23.4)
        for celsius in (45.6, -12.3):
            await chiller.set_temperature(ureg.Quantity(celsius, "degC"))
            self.assertAlmostEqual(await chiller.get_temperature_setpoint(), celsius, delta=0.011)
        control = chiller.components[0]
        await control.power_on()
        await control.power_off()
        self.lacks("ramps")

    async def test_huber_over_a_network(self):
        host, port = rig.endpoint("thermostat")
        bath = Bath(host, comm_timeout=5.0)
        bath.port = port
        self.assertFalse(await bath._get("on"))
        await bath.set_setpoint(61.5)
        self.assertAlmostEqual(await bath.get_setpoint(), 61.5)
        await bath.start()
        self.assertTrue(await bath._get("on"))
        self.assertAlmostEqual(await bath.get_bath_temperature(), 61.5)
        await bath.stop()
        self.assertFalse(await bath._get("on"))
        bath.close()
        self.lacks("pump, status and errors")


class Psd4(rig.Peer):
    """pyHamiltonPSD and a Hamilton PSD/4."""

    software = ("pyHamiltonPSD",)

    def test_it_draws_delivers_and_turns_its_valve(self):
        hamilton.ComPort = rig.endpoint("doser")
        hamilton.initializeSerial("", 9600)
        try:
            self.drive(PSD("0", PSDTypes.psd4.value))
        finally:
            hamilton.disconnectSerial()

    def drive(self, pump):
        command = pump.command

        def send(text):
            self.assertNotEqual(text, "cmdError")
            reply = hamilton.sendCommand(pump.asciiAddress, text)
            self.assertEqual((reply[:2], reply[-3:]), ("/0", "\x03\r\n"), reply)
            return reply[2], reply[3:-3]

        ask = lambda text: send(text)[1]
        self.assertEqual(send(command.enableHFactorCommandsAndQueries() + "R"), ("`", ""))
        self.assertEqual(send(command.setSyringeMode(1) + "R"), ("`", ""))
        self.assertEqual(ask(QueryCommandsEnumeration.SYRINGE_MODE.value), "1")
        self.assertEqual(send(command.moveValveToOutputPositionInShortestDirection() + "R"), ("`", ""))
        self.assertEqual(ask(QueryCommandsEnumeration.VALVE_LOGICAL_POSITION.value), "2")
        self.assertEqual(send(command.setMaximumVelocity(1000) + "R"), ("`", ""))
        self.assertEqual(ask(QueryCommandsEnumeration.MAXIMUM_VELOCITY.value), "1000")
        where = lambda: int(ask(QueryCommandsEnumeration.ABSOLUTE_SYRINGE_POSITION.value))
        begun = where()
        self.assertEqual(send(command.relativeDispense(4000) + "R"), ("@", ""))
        hamilton.waitForResponse("/" + pump.asciiAddress, "\r\n")
        self.assertEqual(begun - where(), 4000)
        self.assertEqual(send(command.relativePickup(2000) + "R"), ("@", ""))
        hamilton.waitForResponse("/" + pump.asciiAddress, "\r\n")
        self.assertEqual(begun - where(), 2000)
        self.assertEqual(send("V9999R"), ("c", ""))
        self.assertEqual(send(command.terminateCommandBuffer()), ("`", ""))
        self.lacks("initialising")
        self.lacks("programs")


class Ika(rig.Peer, unittest.IsolatedAsyncioTestCase):
    """ika-control and an IKA hot plate."""

    software = ("ika-control",)

    async def test_it_heats_and_turns_off(self):
        plate = Hotplate(rig.endpoint("hotplate"))
        ask = plate.query
        self.assertEqual(await ask(plate.READ_DEVICE_NAME), "RCT digital")
        self.assertAlmostEqual(await ask(plate.READ_ACTUAL_PROCESS_TEMP), 23.4)
        self.assertAlmostEqual(await ask(plate.READ_ACTUAL_SURFACE_TEMP), 25.0)
        self.assertEqual(await ask(plate.READ_TEMP_LIMIT), 360.0)
        self.assertIs(await ask(plate.READ_PROCESS_HEATER_STATUS), False)
        await plate.set("process", 61.5)
        self.assertAlmostEqual(await ask(plate.READ_PROCESS_TEMP_SETPOINT), 61.5)
        await plate.control("heater", True)
        self.assertIs(await ask(plate.READ_PROCESS_HEATER_STATUS), True)
        self.assertAlmostEqual(await ask(plate.READ_ACTUAL_PROCESS_TEMP), 61.5)
        await plate.control("heater", False)
        self.assertIs(await ask(plate.READ_PROCESS_HEATER_STATUS), False)
        plate.hw.close()
        self.lacks("stirring")
        self.lacks("watchdog")


class Julabo(rig.Peer):
    """julabo and a Julabo circulator."""

    software = ("julabo",)

    def test_it_heats_and_stops(self):
        host, port = rig.endpoint("circulator")
        line = connection_for_url(f"tcp://{host}:{port}", concurrency="syncio")
        line.open()
        bath = JulaboCF(line)
        self.assertIn("JULABO", bath.identification())
        self.assertIs(bath.is_started(), False)
        bath.set_point_1(61.5)
        self.assertEqual(bath.set_point_1(), 61.5)
        bath.start()
        self.assertIs(bath.is_started(), True)
        self.assertEqual(bath.bath_temperature(), 61.5)
        self.assertEqual(bath.heating_power(), 37.5)
        bath.stop()
        self.assertIs(bath.is_started(), False)
        line.close()
        self.lacks("status")
        self.lacks("other sensors and set points")


class Vici(rig.Peer, unittest.IsolatedAsyncioTestCase):
    """flowchem's driver of a VICI actuator, which reads no answers."""

    software = ("flowchem",)

    async def test_it_turns(self):
        valve = ViciValve.from_config(rig.endpoint("selector"), address=None)
        line = valve.valve_io._serial
        for position in ("2", "1"):
            await valve.set_raw_position(position)
            await valve.get_raw_position()
            self.assertEqual(line.read_until(b"\r"), f"CP0{position}\r".encode())
        line.close()
        self.lacks("homing and learning")
        self.lacks("version")


if __name__ == "__main__":
    unittest.main()
