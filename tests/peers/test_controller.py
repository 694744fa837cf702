"""pymodbus, minimalmodbus and PyVISA against the emulated F4T; our driver against pymodbus's server."""

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import minimalmodbus
import pyvisa
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.server import ServerAsyncStop, StartAsyncTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

import rig

PROCESS_VALUE, SET_POINT, MODE, MODE_IN_FORCE = 2820, 2782, 2730, 2814
AUTO, OFF = 10, 62


def number(registers):
    """A float of two registers, low word first."""
    return struct.unpack(">f", struct.pack(">HH", registers[1], registers[0]))[0]


def registers(value):
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return [low, high]


class Pymodbus:
    def test_process_value_set_point_and_mode(self):
        client = self.client
        self.assertGreater(number(client.read_holding_registers(PROCESS_VALUE, count=2).registers), 20)
        client.write_registers(SET_POINT, registers(65.5))
        self.assertEqual(number(client.read_holding_registers(SET_POINT, count=2).registers), 65.5)
        client.write_register(MODE, AUTO)
        self.assertEqual(client.read_holding_registers(MODE_IN_FORCE, count=1).registers, [AUTO])
        client.write_register(MODE, OFF)
        self.assertEqual(client.read_holding_registers(MODE_IN_FORCE, count=1).registers, [OFF])

    def test_what_is_wrong_is_refused(self):
        client = self.client
        self.assertEqual(client.read_holding_registers(60_000, count=1).exception_code, 2)
        self.assertEqual(client.write_register(MODE, 7).exception_code, 3)
        self.assertEqual(client.write_registers(SET_POINT, registers(1e6)).exception_code, 3)

    def test_alarms_and_limits_are_quiet(self):
        for register in (1356, 11_288):
            self.assertEqual(self.client.read_holding_registers(register, count=1).registers, [61])


class PymodbusTcp(Pymodbus, rig.Peer):
    software = ("pymodbus",)
    def setUp(self):
        host, port = rig.endpoint("oven")
        self.client = ModbusTcpClient(host, port=port)
        self.assertTrue(self.client.connect())

    def tearDown(self):
        self.client.close()


class PymodbusRtu(Pymodbus, rig.Peer):
    software = ("pymodbus",)
    def setUp(self):
        self.client = ModbusSerialClient(rig.endpoint("oven-rtu"), baudrate=38400)
        self.assertTrue(self.client.connect())

    def tearDown(self):
        self.client.close()


class Minimalmodbus(rig.Peer):
    software = ("minimalmodbus",)
    def test_floats_are_written_and_read(self):
        controller = minimalmodbus.Instrument(rig.endpoint("oven-rtu"), 1)
        controller.serial.timeout = 1.0
        order = minimalmodbus.BYTEORDER_LITTLE_SWAP
        controller.write_float(SET_POINT, 42.25, byteorder=order)
        self.assertEqual(controller.read_float(SET_POINT, byteorder=order), 42.25)
        self.assertEqual(controller.read_register(MODE), OFF)
        controller.serial.close()


class Scpi(rig.Peer):
    software = ("PyVISA", "PyVISA-py",)
    def test_visa_reads_and_sets_loop_1(self):
        host, port = rig.endpoint("jacket")
        visa = pyvisa.ResourceManager("@py")
        port = visa.open_resource(
            f"TCPIP::{host}::{port}::SOCKET", read_termination="\n", write_termination="\n"
        )
        self.assertTrue(port.query("*IDN?").startswith("Watlow Electric,"))
        port.write(":SOURCE:CLOOP1:SPOINT 65.5")
        self.assertEqual(float(port.query(":SOURCE:CLOOP1:SPOINT?")), 65.5)
        self.assertEqual(port.query(":SOURCE:CLOOP1:ERROR?"), "NONE")
        self.assertGreater(float(port.query(":SOURCE:CLOOP1:PVALUE?")), 20)
        port.close()
        visa.close()


class OurDriver(rig.Peer):
    """Our F4T driver against a register map served by pymodbus."""

    software = ("pymodbus",)

    def identify(self, value, sensor):
        """What our driver finds where loop 1 reads `value` and its sensor `sensor`."""
        words = {90: [138], 12: [0x1267, 0], 4: [407], 1328: [15], 11_288: [61]}
        words |= {PROCESS_VALUE: registers(value), 27_586: registers(sensor)}
        words |= {16: [ord(c) for c in "F4T1L1EAA1F1AAA"]}
        data = [
            SimData(at, values=values, datatype=DataType.REGISTERS)
            for at, values in sorted(words.items())
        ]
        host, port = serve(SimDevice(id=1, simdata=data))
        try:
            with tempfile.NamedTemporaryFile("w", suffix=".toml") as bench:
                bench.write(f'schema = 1\n[f4t.oven]\nlink.tcp = "{host}:{port}"\n')
                bench.write('serial_number = "4711"\nloops = { plate = 1 }\n')
                bench.flush()
                command = [os.environ["FLOWTWIN_IDENTIFY"], bench.name]
                done = subprocess.run(command, capture_output=True, text=True, timeout=30)
            return json.loads(done.stdout)[0]
        finally:
            stop()

    def test_it_identifies_a_controller(self):
        found = self.identify(23.4, 23.5)
        self.assertIsNone(found["problem"])
        self.assertEqual(found["identity"]["model"], "Watlow F4T F4T1L1EAA1F1AAA")
        self.assertEqual(found["identity"]["serial_number"], "4711")

    def test_it_refuses_one_whose_numbers_make_no_sense(self):
        problem = str(self.identify(23.4, 80.0)["problem"])
        self.assertIn("sensor open, or not that of loop 1", problem)


class OurJulabo(rig.Peer):
    """Our driver of a Julabo circulator, by its file, against the simulator that comes with the package julabo."""

    software = ("julabo", "sinstruments")

    def test_it_identifies_the_simulated_circulator(self):
        with socket.create_server(("127.0.0.1", 0)) as door:
            port = door.getsockname()[1]
        with tempfile.TemporaryDirectory() as folder:
            lab = Path(folder) / "lab.json"
            transport = {"type": "tcp", "url": f"127.0.0.1:{port}"}
            lab.write_text(json.dumps({"devices": [{"class": "JulaboCF", "package": "julabo.simulator", "name": "bath", "transports": [transport]}]}))
            server = subprocess.Popen([sys.executable, "-m", "sinstruments.simulator", "-c", lab], stderr=subprocess.DEVNULL)
            try:
                for _ in range(600):
                    try:
                        socket.create_connection(("127.0.0.1", port)).close()
                        break
                    except OSError:
                        time.sleep(0.1)
                wiring = Path(folder) / "wiring.toml"
                wiring.write_text(f'schema = 1\n[protocol.bath]\nfile = "julabo"\nlink.tcp = "127.0.0.1:{port}"\n')
                command = [os.environ["FLOWTWIN_IDENTIFY"], wiring]
                found = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=30).stdout)[0]
            finally:
                server.kill()
                server.wait()
        self.assertIsNone(found["problem"])
        self.assertEqual(found["identity"]["model"], "Julabo circulator (JULABO CRYOCOMPACT CF31 VERSION 5.0)")
        self.assertIn("29.4", str(found["identity"]["notes"]))


_loop = _thread = None


def serve(device, host="127.0.0.1", port=15_502):
    """Serves a device in a thread; returns when it listens."""
    global _loop, _thread
    _loop = asyncio.new_event_loop()
    _thread = threading.Thread(
        target=_loop.run_until_complete,
        args=(StartAsyncTcpServer(device, address=(host, port)),),
        daemon=True,
    )
    _thread.start()
    client = ModbusTcpClient(host, port=port)
    while not client.connect():
        pass
    client.close()
    return host, port


def stop():
    asyncio.run_coroutine_threadsafe(ServerAsyncStop(), _loop).result(timeout=10)
    _thread.join(timeout=10)
    _loop.close()
