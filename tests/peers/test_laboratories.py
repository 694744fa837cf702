"""Software that runs whole laboratories, on top of our emulated instruments."""

import asyncio
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import pyvisa
import requests
import serial
from bluesky import RunEngine
from bluesky.plans import scan
from ophyd import Component, Device, Signal
from ophyd.status import Status
from pylabrobot.scales.mettler_toledo_backend import MettlerToledoWXS205SDUBackend
from pylabrobot.scales.scale import Scale

import rig


class Flowchem(rig.Peer):
    """A server of flowchem with a Huber thermostat, asked over HTTP."""

    software = ("flowchem",)

    def setUp(self):
        with socket.create_server(("127.0.0.1", 0)) as door:
            port = door.getsockname()[1]
        self.folder = tempfile.TemporaryDirectory()
        settings = f'port = {port}\n[device.cryostat]\ntype = "HuberChiller"\nport = "{rig.endpoint("cryostat")}"\n'
        (Path(self.folder.name) / "lab.toml").write_text(settings)
        words = [sys.executable, "-m", "flowchem", "--host", "127.0.0.1", "lab.toml"]
        log = open(Path(self.folder.name) / "log", "w")
        self.server = subprocess.Popen(words, cwd=self.folder.name, stdout=log, stderr=log)
        log.close()
        for _ in range(1200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        self.url = f"http://127.0.0.1:{port}"

    def tearDown(self):
        self.server.kill()
        self.server.wait()
        self.folder.cleanup()

    def test_its_server_heats_and_turns_off(self):
        device = requests.get(f"{self.url}/cryostat/").json()
        self.assertEqual(device["serial_number"], str(0x1_4A38))
        control = f"{self.url}/cryostat/temperature-control"
        for route, words in (("temperature", {"temp": "45 degC"}), ("power-on", {})):
            requests.put(f"{control}/{route}", params=words).raise_for_status()
        # Its component prefers an outer sensor, and takes -151 °C, which means that there is none, for a temperature.
        self.assertEqual(requests.get(f"{control}/temperature").json(), -151.0)
        requests.put(f"{control}/power-off").raise_for_status()
        self.server.kill()
        self.server.wait()
        with serial.Serial(rig.endpoint("cryostat"), 9600, timeout=10) as line:
            line.write(b"{M00****\r\n")
            self.assertEqual(line.readline(), b"{S001194\r\n")  # it was set to 45.00 °C
            line.write(b"{M14****\r\n")
            self.assertEqual(line.readline(), b"{S140000\r\n")  # and is off


class PyLabRobot(rig.Peer):
    software = ("PyLabRobot",)
    def test_its_scale_reads_a_mettler_balance(self):
        asyncio.run(self.weigh())

    async def weigh(self):
        backend = MettlerToledoWXS205SDUBackend(port=rig.endpoint("scale"))
        scale = Scale(name="scale", size_x=1.0, size_y=1.0, size_z=1.0, backend=backend)
        await scale.setup()
        self.assertEqual(backend.serial_number, "B021002593")
        self.assertEqual(await scale.read_weight(timeout=0), 20.0)
        self.lacks("stable weight")
        self.lacks("tare and zero")
        await scale.stop()


class Loop(Signal):
    """A set point or a temperature of an F4T by SCPI over VISA."""

    def __init__(self, *, query, write=None, **more):
        super().__init__(**more)
        self.query, self.write = query, write

    def get(self, **_):
        return float(self.parent.port.query(self.query))

    def set(self, value, **_):
        self.parent.port.write(f"{self.write} {value}")
        self.parent.port.write(":OUTPUT1:STATE ON")
        done = Status(self)
        done.set_finished()
        return done

    def trigger(self):
        done = Status(self)
        done.set_finished()
        return done


class Oven(Device):
    setpoint = Component(Loop, query=":SOURCE:CLOOP1:SPOINT?", write=":SOURCE:CLOOP1:SPOINT")
    temperature = Component(Loop, query=":SOURCE:CLOOP1:PVALUE?")

    def __init__(self, port, **more):
        self.port = port
        super().__init__(**more)


class Bluesky(rig.Peer):
    """A device of ophyd, and a plan of bluesky that scans its set point."""

    software = ("ophyd", "bluesky")

    def test_a_plan_scans_the_set_point_of_an_f4t(self):
        host, port = rig.endpoint("jacket")
        visa = pyvisa.ResourceManager("@py")
        port = visa.open_resource(f"TCPIP::{host}::{port}::SOCKET", read_termination="\n", write_termination="\n")
        oven = Oven(port, name="oven")
        events = []
        keep = lambda name, document: events.append(document) if name == "event" else None
        RunEngine()(scan([oven.temperature], oven.setpoint, 40.0, 60.0, 3), keep)
        found = [(event["data"]["oven_setpoint"], event["data"]["oven_temperature"]) for event in events]
        self.assertEqual(found, [(40.0, 40.0), (50.0, 50.0), (60.0, 60.0)])
        port.write(":OUTPUT1:STATE OFF")
        self.assertEqual(port.query(":OUTPUT1:STATE?"), "OFF")
        port.close()
        visa.close()
