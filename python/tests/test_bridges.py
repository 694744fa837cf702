"""Instrument programs for devices of other packages, each against that package's own simulated device.

The packages are real, and their versions are those of requirements.txt.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import ROOT, SCENARIOS, TESTS, command

import flowtwin.instrument

BRIDGES = TESTS / "bridges"
sys.path.insert(0, str(BRIDGES))
import usb_bus  # noqa: E402

#: The patience of an examination [s]: packages take long to be imported where several things run at once.
PATIENCE_S = 120
#: What an examination of any program may say of a bridge, and must not otherwise.
SERIAL = "it shows a serial number"
READ_BACK = "everything that is set can be read back"
DRAWS = "it draws a volume and stops by itself"
UNSEEN = "it shows whether it is safe"


def program(name: str, *words: object) -> str:
    return " ".join([sys.executable, "-m", f"flowtwin.bridges.{name}", *map(str, words)])


def examined(kind: str, program: str, **options: Any) -> dict[str, Any]:
    """The report of ``flowtwin conformance``, in the folder of the devices."""
    words = ["conformance", program, "--kind", kind, "--patience-s", PATIENCE_S, "--yes", "--json"]
    told = command(*words, cwd=BRIDGES, **options)
    assert told.stdout, told.stderr
    return json.loads(told.stdout)


def failed(report: dict[str, Any]) -> dict[str, str]:
    return {t["promise"]: t["outcome"]["failed"] for t in report["trials"] if "failed" in t["outcome"]}


def noted(report: dict[str, Any]) -> set[str]:
    return {t["promise"] for t in report["trials"] if "noted" in t["outcome"]}


def passes(kind: str, program: str, notes: set[str], **options: Any) -> dict[str, Any]:
    report = examined(kind, program, **options)
    assert failed(report) == {}
    assert noted(report) == notes
    return report


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def until(ready: Any, process: subprocess.Popen[Any]) -> None:
    for _ in range(1200):
        assert process.poll() is None, "it has ended"
        try:
            return ready()
        except OSError:
            time.sleep(0.1)
    raise AssertionError("it does not answer")


@pytest.fixture(scope="module")
def flowchem_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """flowchem's own server of its own simulated devices."""
    folder, port = tmp_path_factory.mktemp("flowchem"), free_port()
    (folder / "lab.toml").write_text(f"port = {port}\n" + (BRIDGES / "lab.toml").read_text())
    words = [sys.executable, "-m", "flowchem.sim", "--host", "127.0.0.1", "lab.toml"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            until(lambda: urllib.request.urlopen(f"{url}/bath/").close(), server)
            yield url
        finally:
            server.kill()
            server.wait()


@pytest.mark.parametrize(
    ("kind", "component", "words", "notes", "model"),
    [
        ("heater", "bath/temperature-control", "--limits 0 150", {READ_BACK, UNSEEN}, "Huber SimulatedChiller"),
        ("heater", "coil/reactor1", "--limits 0 150", {SERIAL, READ_BACK, UNSEEN}, "Vapourtec SimulatedR4"),
        ("heater", "plate/temperature-control", "--limits 20 150", {SERIAL, READ_BACK, UNSEEN}, "Heidolph MR Hei-Connect"),
        ("pump", "syringe/pump", "--limits 1 5000 --timed", {SERIAL, READ_BACK}, "HarvardApparatus Elite11"),
        ("pump", "hplc/pump", "--limits 1 5000 --timed", {SERIAL, READ_BACK, DRAWS}, "knauer Azura Compact"),
        ("valve", "selector/distribution-valve", "", {SERIAL}, "Knauer Valve"),
        ("valve", "injector/injection-valve", "", {SERIAL}, "Vici-Valco Universal Valve Actuator"),
        ("light", "box/relay-A", "", {SERIAL}, "Custom Custom"),
        ("sensor", "gauge/pressure-sensor", "", set(), "Phidget SimulatedVINT"),
    ],
)
def test_components_of_a_flowchem_server_pass_their_examination(
    flowchem_server: str, kind: str, component: str, words: str, notes: set[str], model: str
) -> None:
    report = passes(kind, program("flowchem", f"{flowchem_server}/{component}", words), notes)
    assert report["identity"]["model"] == model


def test_a_flowchem_device_of_this_process_passes_too() -> None:
    words = "lab.toml bath/temperature-control --limits 0 150 --simulated --use temperature-setpoint=get_temperature_setpoint"
    report = passes("heater", program("flowchem", words), {READ_BACK, UNSEEN})
    assert report["identity"]["serial_number"] == str(0x12345678)


def test_a_pump_that_is_said_to_count_and_does_not_is_stopped_and_found_out(flowchem_server: str) -> None:
    """flowchem's simulated Elite 11 runs until it is stopped; a real one counts."""
    report = examined("pump", program("flowchem", f"{flowchem_server}/syringe/pump --limits 1 5000"))
    assert set(failed(report)) == {"it delivers a volume and stops by itself", DRAWS}
    assert all("it did not stop by itself after 20 µL, and was stopped" in why for why in failed(report).values())
    assert report["grades"]["finite_volumes"] is False
    running = urllib.request.urlopen(f"{flowchem_server}/syringe/pump/is-pumping").read()
    assert running == b"false"


@pytest.mark.parametrize(
    ("kind", "component", "words", "why"),
    [
        ("pump", "hplc/pump", "--limits 1 5000", "this pump ignores volumes: say --timed"),
        ("pump", "syringe/pump", "", "flowchem does not tell what a pump takes: say --limits"),
        ("pump", "runze/pump", "--limits 1 5000", "404 Not Found"),
        ("heater", "bath/temperature-control", "", "say --limits LOWEST HIGHEST, in °C"),
        ("pump", "bath/temperature-control", "--limits 1 5", "a pump is a Pump of flowchem; this is a HuberTemperatureControl"),
        ("spectrometer", "bath/temperature-control", "", "this program drives a pump or a heater"),
    ],
)
def test_what_flowchem_cannot_do_or_does_not_tell_is_refused(
    flowchem_server: str, kind: str, component: str, words: str, why: str
) -> None:
    report = examined(kind, program("flowchem", f"{flowchem_server}/{component}", words))
    (said,) = failed(report).values()
    assert why in said


@pytest.mark.parametrize(
    ("kind", "machine", "notes"),
    [
        ("pump", "pump --limits 1 5000 --ul-per-revolution 80", {SERIAL, READ_BACK, DRAWS}),
        ("pump", "array --limits 1 5000 --ul-per-revolution 80 --channel 2", {SERIAL, READ_BACK, DRAWS}),
        ("heater", "block --limits 0 150", {SERIAL, READ_BACK, UNSEEN}),
        ("heater", "shaker --limits 0 150", {SERIAL, READ_BACK, UNSEEN}),
        ("sensor", "scale", {SERIAL}),
    ],
)
def test_machines_of_pylabrobot_pass_their_examination(kind: str, machine: str, notes: set[str]) -> None:
    report = passes(kind, program("pylabrobot", f"machines.py:{machine}"), notes)
    assert "ChatterboxBackend" in report["identity"]["model"]


def test_a_pump_of_pylabrobot_is_told_its_speed_and_to_halt() -> None:
    """What the backend prints, on the standard error of the program, is what it was told."""
    asked = [
        {"id": 1, "to": "it", "identify": {"kind": "pump"}},
        {"id": 2, "to": "it", "dispense": {"rate_ul_per_min": 1000.0, "volume_ul": 10.0}},
    ]
    words = [sys.executable, "-m", "flowtwin.bridges.pylabrobot", "machines.py:pump"]
    words += ["--limits", "1", "5000", "--ul-per-revolution", "80"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=BRIDGES, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdin and process.stdout and process.stderr
        for request in asked:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(3)]
        assert "error" not in answers[2], answers
        lines = [process.stderr.readline().strip() for _ in range(3)]
        process.stdin.close()
    assert lines == ["Setting up the pump.", "Running continuously at speed 12.5.", "Halting the pump."]


@pytest.mark.parametrize(
    ("kind", "device", "mapping", "notes"),
    [
        ("heater", "soft_oven", "ophyd-oven.toml", {READ_BACK}),
        ("valve", "selector", "ophyd-selector.toml", {SERIAL}),
        ("pump", "pump", "ophyd-pump.toml", {SERIAL}),
        ("light", "cabinet", "ophyd-lamp.toml", {SERIAL}),
        ("sensor", "cabinet", "ophyd-gauge.toml", {SERIAL}),
        ("switch", "cabinet", "ophyd-door.toml", {SERIAL}),
        ("spectrometer", "camera", "ophyd-camera.toml", {SERIAL}),
        ("analyser", "column", "ophyd-column.toml", {SERIAL}),
    ],
)
def test_devices_of_ophyd_pass_their_examination(kind: str, device: str, mapping: str, notes: set[str]) -> None:
    passes(kind, program("ophyd", f"devices.py:{device}", mapping, "--patience-s 60"), notes)


def test_a_device_of_ophyd_whose_signals_are_those_of_an_epics_server_passes_too() -> None:
    """The server is caproto's, and has no idea of flowtwin."""
    epics = {"EPICS_CA_ADDR_LIST": "127.0.0.1", "EPICS_CA_AUTO_ADDR_LIST": "NO", "OPHYD_CONTROL_LAYER": "caproto"}
    environment = {**os.environ, **epics, "EPICS_CA_SERVER_PORT": str(free_port())}
    server = subprocess.Popen([sys.executable, BRIDGES / "ioc.py"], env=environment, stdout=subprocess.DEVNULL)
    try:
        words = program("ophyd", "devices.py:epics_oven ophyd-oven.toml flowtwin:oven: --patience-s 60")
        report = passes("heater", words, {READ_BACK}, env=environment)
    finally:
        server.kill()
        server.wait()
    assert report["identity"]["serial_number"] == "A1"


@pytest.mark.parametrize("model", ["USB2000", "USB2000PLUS", "FLAMES", "USB4000", "STS", "QEPRO"])
def test_spectrometers_of_python_seabreeze_pass_their_examination_and_hand_over_what_they_count(model: str) -> None:
    words = f"{sys.executable} usb_bus.py {model} A1234"
    report = passes("spectrometer", words, {READ_BACK})
    assert (report["identity"]["model"], report["identity"]["serial_number"]) == (f"Ocean {model}", "A1234")
    asked: list[dict[str, Any]] = [
        {"identify": {"kind": "spectrometer"}},
        {"describe": {}},
        {"arm": {"integration_us": 9000, "frames": 3}},
        {"fetch": {"frame": 2}},
        {"arm": {"integration_us": 1, "frames": 1}},
        {"arm": {"integration_us": 9500, "frames": 1}},
    ]
    pipe = subprocess.PIPE
    with subprocess.Popen(words.split(), cwd=BRIDGES, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin and process.stdout
        answers = [json.loads(process.stdout.readline())]
        for number, request in enumerate(asked):
            process.stdin.write(json.dumps({"id": number, "to": "it", **request}) + "\n")
            process.stdin.flush()
            answers.append(json.loads(process.stdout.readline()))
        process.stdin.close()
    described, armed, fetched = (answer["ok"] for answer in answers[2:5])
    counts = usb_bus.counts(model)
    divisor = 4 if model == "QEPRO" else 1
    assert fetched["counts"] == [min(round(count / divisor), 65535) for count in counts]
    assert described["pixels"] == len(counts)
    assert described["full_scale"] == usb_bus.MODELS[model][2] // divisor
    assert described["wavelength_coefficients"] == pytest.approx(usb_bus.COEFFICIENTS, rel=1e-6)
    assert armed["takes_s"] == pytest.approx(0.027)
    assert answers[5]["error"]["kind"] == "out_of_range"
    whole = answers[6].get("error", {}).get("kind")
    assert whole == ("kept_other" if model == "USB2000" else None), "a USB2000 counts milliseconds"


def test_an_instrument_of_pyvisa_sim_passes_its_examination() -> None:
    words = program("visa", "GPIB0::12::INSTR visa-oven.toml --library visa.yaml@sim")
    report = passes("heater", words, {READ_BACK})
    assert report["identity"] == {"model": "Acme Oven 7", "serial_number": "A1", "firmware": "1.2", "notes": []}
    passes("light", program("visa", "GPIB0::13::INSTR visa-lamp.toml --library visa.yaml@sim"), set())
    passes("spectrometer", program("visa", "GPIB0::14::INSTR visa-camera.toml --library visa.yaml@sim"), set())


@pytest.mark.parametrize(
    ("words", "asked", "told"),
    [
        ("ophyd devices.py:camera ophyd-camera.toml", {"fetch": {"frame": 1}}, {"counts": [1, 101, 201, 301]}),
        ("ophyd devices.py:column ophyd-column.toml", {"results": {}}, {"concentrations_mm": [12.5, 0.5]}),
        ("visa GPIB0::14::INSTR visa-camera.toml --library visa.yaml@sim", {"fetch": {"frame": 0}}, {"counts": [100, 200, 300, 4000]}),
    ],
)
def test_what_a_mapped_spectrometer_or_analyser_finds(words: str, asked: dict[str, Any], told: dict[str, Any]) -> None:
    kind = "analyser" if "results" in asked else "spectrometer"
    begin: dict[str, Any] = {"inject": {}} if kind == "analyser" else {"arm": {"integration_us": 20_000, "frames": 2}}
    requests = [{"identify": {"kind": kind}}, asked, begin, asked]
    pipe = subprocess.PIPE
    with subprocess.Popen(program(*words.split()).split(), cwd=BRIDGES, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin and process.stdout
        answers = [json.loads(process.stdout.readline())]
        for number, request in enumerate(requests):
            if number == 3:
                time.sleep(answers[-1]["ok"]["takes_s"] + 0.1)
            process.stdin.write(json.dumps({"id": number, "to": "it", **request}) + "\n")
            process.stdin.flush()
            answers.append(json.loads(process.stdout.readline()))
        process.stdin.close()
    assert answers[2]["error"]["kind"] == "not_ready", "nothing was begun"
    assert answers[4]["ok"] == told


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        ("!OUT 1 -> OK", "!OUT 7 -> OK", "it answered '?', and not 'OK' (!OUT 7)"),
        ('"+0,"', '"0"', "+0,No error (!OUT 1)"),
        ('on = "?OUT"', 'on = { ask = "?OUT", words = { 2 = true } }', "on: '1' is none of 2"),
    ],
)
def test_what_an_instrument_of_visa_does_not_take_is_a_fault(tmp_path: Path, was: str, becomes: str, why: str) -> None:
    mapping = (BRIDGES / "visa-lamp.toml").read_text()
    assert was in mapping
    (tmp_path / "lamp.toml").write_text(mapping.replace(was, becomes))
    report = examined("light", program("visa", "GPIB0::13::INSTR", tmp_path / "lamp.toml", "--library visa.yaml@sim"))
    assert why in failed(report)["it goes on and off"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("kind = 'oven'", "kind is 'oven', and must be one of pump, valve, heater, light, spectrometer, analyser, sensor, switch"),
        ("kind = 'heater'\nheats = []", "heats is not a key for a heater; known are heat, off, temperature_c"),
        ("kind = 'heater'\nheat = []", "a heater needs off"),
        ("kind = 'spectrometer'\narm = []\ncounts = 'D?'\ndescribe = { pixels = 4 }", "describe needs wavelength_coefficients"),
        ("kind = 'heater'\nheat = []\noff = []\ntemperature_c = 'T?'", "a heater needs limits.set_point_c"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_said(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "wrong.toml").write_text(text)
    report = examined("heater", program("visa", "GPIB0::12::INSTR", tmp_path / "wrong.toml"))
    (said,) = failed(report).values()
    assert why in said


#: One experiment of the reference rig without noise.
ONE = """
schema = 1
extends = "{noise_free}"
name = "one"
title = "One experiment"
seed = 1
{more}
[[phases]]
name = "a"
policy = "lhs"
experiments = 1
"""
PUMPS = ("cui", "oa_cu", "oam", "ode_cu", "cs", "oa_cs", "ode_cs", "pfo")
REST = {
    "plate": "[f4t.oven]\nloops = { plate = 1 }\n",
    "led": "[dc2200.led]\ncurrent_a = 0.35\n",
    "emission": "[hdx.emission]\n",
    "absorption": '[hdx.absorption]\nlamp = "lamp"\n',
}


def section(name: str, kind: str, command: str, speaks: str) -> str:
    return f"""
[program.{name}]
kind = "{kind}"
command = {json.dumps(command)}
folder = {json.dumps(str(BRIDGES))}
starts_within_s = {PATIENCE_S}
speaks.{speaks}
"""


def journal(folder: Path, name: str, wiring: dict[str, str] | None, more: str = "", ends: int = 0) -> bytes:
    """The journal of a campaign: of its rehearsal, or with these instruments instead of the usual ones."""
    scenario = folder / f"{name}.toml"
    scenario.write_text(ONE.format(noise_free=SCENARIOS / "noise-free.toml", more=more))
    words: list[object] = ["run", scenario, "--out", folder / name]
    if wiring is not None:
        pumps = {pump: f"[chemyx.{pump}]\n" for pump in PUMPS}
        text = "schema = 1\npatience_s = 20.0\n" + "".join((pumps | REST | wiring).values())
        (folder / "wiring.toml").write_text(text)
        words += ["--backend", "emulated", "--wiring", folder / "wiring.toml"]
    told = command(*words)
    assert told.returncode == ends, told.stderr
    return (folder / name / "journal.jsonl").read_bytes()


@pytest.mark.parametrize(
    "program_of_led",
    [program("visa", "{address} led.toml --patience-s 10"), program("ophyd", "devices.py:Led ophyd-led.toml {address} --patience-s 10")],
    ids=["visa", "ophyd"],
)
def test_a_campaign_through_a_bridge_has_the_journal_of_its_rehearsal(tmp_path: Path, program_of_led: str) -> None:
    led = section("led", "light", program_of_led, "dc2200 = { current_a = 0.35 }")
    assert journal(tmp_path, "bridge", {"led": led}) == journal(tmp_path, "rehearsal", None)


@pytest.mark.parametrize(
    ("bridge", "speaks", "ours"),
    [
        (program("visa", "{address} f4t.toml --patience-s 10"), "f4t_scpi = {}", "[f4t_scpi.plate]\n"),
        (
            program(
                "flowchem",
                "lab.toml bath/temperature-control --limits 0 200 --set port={port}",
                "--use temperature=internal_temperature --use temperature-setpoint=get_temperature_setpoint",
            ),
            'protocol = { file = "huber-pb" }',
            '[protocol.plate]\nfile = "huber-pb"\n',
        ),
    ],
    ids=["visa", "flowchem"],
)
def test_a_heater_through_a_bridge_does_what_it_does_with_the_driver_of_flowtwin(
    tmp_path: Path, bridge: str, speaks: str, ours: str
) -> None:
    """These controllers round what they tell; somebody else's driver and ours lead to the same journal, byte for byte.

    At whole degrees: flowchem cuts 143.3 °C down to 143.29 °C on its way to a Huber.
    """
    whole = '[space.inputs]\ntemperature_c = { low = 120.0, high = 150.0, resolution = 1.0, sets = { heater = "plate" } }\n'
    plate = section("plate", "heater", bridge, speaks)
    assert journal(tmp_path, "bridge", {"plate": plate}, whole) == journal(tmp_path, "ours", {"plate": ours}, whole)


def test_a_scale_of_pylabrobot_stops_a_campaign_as_the_driver_of_flowtwin_does(tmp_path: Path) -> None:
    """The bottle that the waste runs into becomes too heavy: what the scale showed then stands in the journal."""
    more = """
[rig.sensors]
scale = { stretch = "absorption_cell", measures = { mass = { begins_g = 120.0 } } }
[guard.sensors]
scale = { high = 121.0 }
"""
    speaks = 'protocol = { file = "mettler-mt-sics" }'
    scale = section("scale", "sensor", program("pylabrobot", "machines.py:mettler {port}"), speaks)
    ours = '[protocol.scale]\nfile = "mettler-mt-sics"\n'
    bridged = journal(tmp_path, "bridge", {"scale": scale}, more, ends=3)
    assert bridged == journal(tmp_path, "ours", {"scale": ours}, more, ends=3)
    assert b"allowed is at most 121 g" in bridged, bridged[-2000:]


#: A rig with one liquid, whose spectra are one frame each, by a spectrometer with the pixels of an HDX.
ONE_FRAME = """
schema = 1
extends = "{fading}"
name = "one-frame"
title = "Two experiments"
seed = 1
[rig.spectrometers.visible]
pixels = 2068
wavelength_coefficients = [400.0, 0.17, 0.0, 0.0]
full_scale = 65535
shortest_integration_ms = 6.0
[procedure]
dark_frames = 1
[[analysis.channels]]
name = "visible"
spectrometer = "visible"
light = "white"
kind = "absorbance"
exposure = {{ integration_us = 20000, frames = 1 }}
phase = {{ low_nm = 580.0, high_nm = 600.0, keep = 1 }}
baseline = {{ low_nm = 720.0, high_nm = 750.0 }}
decimals = 4
[[phases]]
name = "a"
policy = "lhs"
experiments = 2
"""
AROUND = """
schema = 1
patience_s = 20.0
[chemyx.dye]
[chemyx.water]
[chemyx.base]
[chemyx.late]
[f4t.oven]
loops = { bath = 1 }
[dc2200.white]
current_a = 0.35
"""


def test_a_campaign_with_a_spectrometer_of_python_seabreeze_has_the_journal_of_its_rehearsal(tmp_path: Path) -> None:
    """A frame is asked for before the bridge says that it takes it: so it begins when the rehearsal says."""
    scenario = tmp_path / "one-frame.toml"
    scenario.write_text(ONE_FRAME.format(fading=SCENARIOS / "fading-coil.toml"))
    seabreeze = section("visible", "spectrometer", program("seabreeze", "{address} --patience-s 15"), "hdx = {}")
    (tmp_path / "wiring.toml").write_text(AROUND + seabreeze)
    emulated = ["--backend", "emulated", "--wiring", tmp_path / "wiring.toml"]
    for name, more in (("rehearsal", []), ("bridge", emulated)):
        told = command("run", scenario, "--out", tmp_path / name, *more)
        assert told.returncode == 0, told.stderr
    rehearsal = (tmp_path / "rehearsal" / "journal.jsonl").read_bytes()
    assert b'"arm"' in rehearsal and rehearsal == (tmp_path / "bridge" / "journal.jsonl").read_bytes()


def output_of(address: str) -> str:
    """Whether an emulated F4T has its output on, as a third party sees it."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(b":OUTPUT1:STATE?\n")
        return line.makefile().readline().strip()


def test_a_heater_behind_a_bridge_is_off_when_its_campaign_is_killed(tmp_path: Path) -> None:
    """The campaign cannot do it any more: its program does when its input ends, and the watch beside it."""
    scenario = tmp_path / "one.toml"
    scenario.write_text(ONE.format(noise_free=SCENARIOS / "cs3cu2i5.toml", more=""))
    plate = section("plate", "heater", program("visa", "{address} f4t.toml --patience-s 5"), "f4t_scpi = {}")
    pumps = {pump: f"[chemyx.{pump}]\n" for pump in PUMPS}
    wiring = tmp_path / "wiring.toml"
    wiring.write_text("schema = 1\npatience_s = 5.0\n" + "".join((pumps | REST | {"plate": plate}).values()))
    flowtwin = Path(sysconfig.get_path("scripts")) / "flowtwin"
    wired = tmp_path / "wired.toml"
    emulate = [flowtwin, "emulate", wiring, "--scenario", scenario, "--speed", "60", "--wired", wired]
    quiet: dict[str, Any] = {"stdin": subprocess.PIPE, "stderr": subprocess.DEVNULL, "cwd": tmp_path, "text": True}
    with subprocess.Popen(emulate, stdout=subprocess.PIPE, **quiet) as served:
        assert served.stdout is not None
        address = json.loads(served.stdout.readline())["endpoints"]["plate"]["address"]
        wired.write_text(wired.read_text().replace("patience_s = 1.0", "patience_s = 5.0"))
        words = [flowtwin, "run", scenario, "--backend", "hardware", "--yes", "--wiring", wired, "--out", tmp_path / "run"]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, **quiet) as campaign:
            while output_of(address) != "ON":
                assert campaign.poll() is None, "the campaign has ended before it heated"
                time.sleep(0.1)
            campaign.kill()
        killed = time.monotonic()
        while output_of(address) == "ON":
            assert time.monotonic() - killed < 60.0, "the heater is on"
            time.sleep(0.1)
        served.kill()


def test_the_module_for_drivers_is_that_of_the_examples() -> None:
    ours = Path(str(flowtwin.instrument.__file__)).read_bytes()
    assert ours == (ROOT / "examples/instruments/flowtwin_instrument.py").read_bytes()
