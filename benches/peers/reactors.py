"""Conversions of flowtwin beside Cantera's plug flow and rtdpy's residence time distributions.

    pip install cantera rtdpy 'numpy<2'
    python benches/peers/reactors.py --flowtwin target/release/flowtwin

A coil without dispersion is a batch that reacts for the time it takes to pass: Cantera integrates it, at constant volume
and temperature. A first-order reaction measures a residence time distribution E(t) by its transform, the mean of
exp(-k t) over it: rtdpy gives E(t). A step response is read after several waits; the outflow of a tube is 16 equal parts, so
that half of one, 3 %, is what it can be off. Each experiment has no noise, and sensors behind the reactor say what is there.
Exits with 1 where a concentration differs by more than the bound. rtdpy 0.6.1 needs numpy below 2.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

GAS = 8.31446261815324
# Hone et al., React. Chem. Eng. 2 (2017) 103, at 90 °C, and an equilibrium that is made up: L/(mol s), kJ/mol.
NETWORK = [
    ("arene + amine -> ortho + acid", 0.579, 33.3),
    ("arene + amine -> para + acid", 0.0270, 35.3),
    ("ortho + amine -> double + acid", 0.00865, 38.9),
    ("para + amine -> double + acid", 0.0163, 44.8),
    ("acid + amine -> salt", 0.05, 40.0),
    ("salt -> acid + amine", 0.004, 60.0),
]
AT_C = 90.0
FEEDS_MM = {"arene": 500.0, "amine": 2000.0}
# Volume over flow of the reactors beside rtdpy [s]: 200 µL at 100 µL/min.
TAU_S = 120.0
SPECIES = ["arene", "amine", "ortho", "para", "double", "acid", "salt"]

RIG = """
schema = 1
name = "reactor"
title = "A reactor beside a model of it"
seed = 1

[rig]
name = "reactor"
ambient_c = 25.0
timed_stream = "arene"
liquid = {{ density_kg_per_m3 = 785.0, expansion_per_k = 0.0, viscosity_mpa_s = 1.07, viscosity_k = 0.0, heat_capacity_j_per_kg_k = 2440.0 }}

[rig.pumps]
arene = {{ stock = "arene", bore_mm = 28.6, fill_ml = 50.0, compliance_s = 0.2 }}
amine = {{ stock = "amine", bore_mm = 28.6, fill_ml = 50.0, compliance_s = 0.2 }}

[rig.streams]
arene = {{ pumps = ["arene"], bore_mm = 0.5, cold_ul = 0.5 }}
amine = {{ pumps = ["amine"], bore_mm = 0.5, cold_ul = 0.5 }}

{tube}

[[rig.tube]]
name = "outlet"
bore_mm = 0.5
volume_ul = 1.0
heat_s = 1.0
peclet = 100000.0

[rig.heaters]
bath = {{ heat_capacity_j_per_k = 500.0, loss_w_per_k = 1.0, power_w = 400.0, high_c = 180.0, limit_c = 190.0 }}

[rig.sensors]
{sensors}

[stocks]
arene = {{ concentrations_mm = {{ arene = 500.0 }} }}
amine = {{ concentrations_mm = {{ amine = 2000.0 }} }}

{reactions}

[procedure]
settle_band_k = 0.2
settle_for_s = 600.0
wait = {{ residence_times = {wait} }}
# What the step replaces.
blank = {{ flush_s = 900.0, rates = [{{ pump = "amine", ul_per_min = 100.0 }}] }}

[guard]
max_temperature_c = 185.0
max_total_ul_per_min = 2000.0

{features}

[space.inputs]
bath_c = {{ low = 25.0, high = 170.0, sets = {{ heater = "bath" }} }}
arene_ul_per_min = {{ low = 10.0, high = 900.0, sets = {{ pump = "arene" }} }}
amine_ul_per_min = {{ low = 10.0, high = 900.0, sets = {{ pump = "amine" }} }}

[objective]
feature = "arene"
goal = "minimize"

[[phases]]
name = "look"
policy = "lhs"
experiments = 2
"""

COIL = """
[[rig.tube]]
name = "{name}"
bore_mm = {bore}
volume_ul = {volume}
reacts = true
heater = "bath"
heat_s = 0.05
{more}
"""


def scenario(tube, reactions, species, wait=6.0):
    """The text of a scenario whose sensors measure these species behind the reactor, after so many residence times."""
    sensors = "\n".join(
        f'{s} = {{ stretch = "outlet", measures = {{ concentration = {{ of = "{s}" }} }}, every_s = 0.1 }}' for s in species
    )
    features = "\n".join(
        f'[[analysis.features]]\nname = "{s}"\nchannel = "{s}"\nmeasure = "reading"\n' for s in species
    )
    laws = "\n".join(
        f'[[chemistry.reactions]]\nequation = "{equation}"\nk_in_mol_l_s = {k}\n'
        f"activation_kj_per_mol = {ea}\nat_c = {AT_C}\n"
        for equation, k, ea in reactions
    )
    return RIG.format(tube=tube, sensors=sensors, reactions=laws, features=features, wait=wait)


def flowtwin(binary, text, celsius, rates):
    """What the sensors show after one experiment [mM]."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reactor.toml"
        path.write_text(text, encoding="utf-8")
        command = [binary, "experiment", str(path), "--json", "--set", f"bath_c={celsius}"]
        for pump, rate in rates.items():
            command += ["--set", f"{pump}_ul_per_min={rate}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(done.stderr)
    found = json.loads(done.stdout)
    seen = {name: feature["value"] for name, feature in found["features"].items()}
    return {**seen, "residence_s": found["residence_time_s"]}


def cantera(celsius, rates, seconds):
    """Concentrations after a batch of this time [mM]."""
    import cantera as ct

    heat = ct.ConstantCp(200.0, 5000.0, 101325.0, [298.15, 0.0, 0.0, 3e4])
    species = []
    for name in [*SPECIES, "solvent"]:
        one = ct.Species(name, {"Ar": 2 if name == "salt" else 1})
        one.thermo = heat
        species.append(one)
    kelvin = AT_C + 273.15
    reactions = []
    for equation, k, ea in NETWORK:
        factor = k * math.exp(1e3 * ea / (GAS * kelvin))
        # Cantera counts in kmol and m³: L/(mol s) is m³/(kmol s), kJ/mol is 10⁶ J/kmol.
        rate = ct.ArrheniusRate(factor, 0.0, 1e6 * ea)
        reactions.append(ct.Reaction(equation=equation.replace("->", "=>"), rate=rate))
    phase = ct.Solution(thermo="ideal-gas", kinetics="gas", species=species, reactions=reactions)
    whole = sum(rates.values())
    start = {name: 1e-3 * FEEDS_MM[name] * rate / whole for name, rate in rates.items()}
    # Cantera wants equations that balance: every species is made of argon, with as many atoms as its moles need. How much
    # solvent there is, is of no matter: the volume is constant.
    phase.TPX = celsius + 273.15, 1e7, {"solvent": 1.0}
    total = 50.0
    density = total * phase.mean_molecular_weight
    phase.TDX = celsius + 273.15, density, {**start, "solvent": total - sum(start.values())}
    reactor = ct.IdealGasReactor(phase, energy="off", clone=False)
    net = ct.ReactorNet([reactor])
    net.rtol, net.atol = 1e-10, 1e-16
    net.advance(seconds)
    found = dict(zip(phase.species_names, reactor.phase.concentrations))
    return {name: 1e3 * found[name] for name in SPECIES}


def plug_flow(binary):
    """The largest difference from Cantera, in parts of the arene that came in."""
    worst = 0.0
    tube = COIL.format(name="coil", bore=0.5, volume=600.0, more="peclet = 100000.0")
    text = scenario(tube, NETWORK, SPECIES)
    print("plug flow: mM by flowtwin, and by Cantera")
    for celsius, arene, amine in [(40.0, 600.0, 300.0), (60.0, 300.0, 150.0), (90.0, 400.0, 100.0), (150.0, 60.0, 30.0)]:
        rates = {"arene": arene, "amine": amine}
        seconds = 60.0 * 600.0 / (arene + amine)
        ours, theirs = flowtwin(binary, text, celsius, rates), cantera(celsius, rates, seconds)
        entered = FEEDS_MM["arene"] * arene / (arene + amine)
        print(f"  {celsius:.0f} °C, {seconds:.0f} s")
        for name in SPECIES:
            off = abs(ours[name] - theirs[name]) / entered
            worst = max(worst, off)
            print(f"    {name:8} {ours[name]:10.4f} {theirs[name]:10.4f}   {100 * off:.3f} %")
    return worst


def dispersed(peclet, time_end):
    """A coil with axial dispersion: its name, its tube for flowtwin, and rtdpy's model of it."""
    import rtdpy

    tube = COIL.format(name="coil", bore=0.5, volume=200.0, more=f"peclet = {peclet:.1f}")
    return f"dispersed, Pe {peclet}", tube, rtdpy.AD_cc(tau=TAU_S, peclet=peclet, dt=0.2, time_end=time_end, nx=400)


def tanks(time_end):
    """Three tanks in series, likewise."""
    import rtdpy

    tube = "".join(COIL.format(name=f"tank {i}", bore=5.0, volume=200.0 / 3, more="tank = true") for i in (1, 2, 3))
    return "three tanks", tube, rtdpy.Ncstr(tau=TAU_S, n=3, dt=0.05, time_end=time_end)


def distributions(binary):
    """The largest difference of a conversion of first order from that of rtdpy's E(t), in parts of what came in."""
    import numpy as np

    cases = [dispersed(20, time_end=900), dispersed(100, time_end=600), tanks(time_end=1800)]
    worst = 0.0
    print("first order: what is left, in parts of what came in, by flowtwin and by rtdpy")
    for name, tube, model in cases:
        for k in (0.005, 0.02):
            text = scenario(tube, [("arene -> made", k, 0.0)], ["arene", "made"])
            left = flowtwin(binary, text, 25.0, {"arene": 50.0, "amine": 50.0})["arene"] / 250.0
            expected = np.trapz(model.exitage * np.exp(-k * model.time), model.time)
            off = abs(left - expected)
            worst = max(worst, off)
            print(f"  {name:18} k {k:5.3f} 1/s   {left:.4f} {expected:.4f}   {100 * off:.3f} %")
    return worst


def steps(binary):
    """The largest difference of a step response from that of rtdpy, in parts of the step."""
    import numpy as np

    cases = [dispersed(40, time_end=600), tanks(time_end=1200)]
    worst = 0.0
    print("step response after 0.4 to 2.2 residence times, by flowtwin and by rtdpy")
    for name, tube, model in cases:
        for wait in (0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.8, 2.2):
            text = scenario(tube, [], ["arene"], wait)
            seen = flowtwin(binary, text, 25.0, {"arene": 50.0, "amine": 50.0})
            # The line of 0.5 µL, and half of the outlet, come before and after the reactor; a tank shows what enters one
            # parcel later, a hundredth of the tube.
            after_s = wait * seen["residence_s"] - 0.9 - 0.01 * TAU_S * tube.count("tank = true")
            expected = float(np.interp(after_s, model.time, model.stepresponse))
            off = abs(seen["arene"] / 250.0 - expected)
            worst = max(worst, off)
            print(f"  {name:18} {after_s:6.1f} s   {seen['arene'] / 250.0:.4f} {expected:.4f}   {100 * off:.2f} %")
    return worst


def main():
    """All three comparisons, and whether they hold."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--flowtwin", default="target/release/flowtwin")
    binary = str(Path(arguments.parse_args().flowtwin).resolve())
    found = [("Cantera", plug_flow(binary), 0.001), ("rtdpy", distributions(binary), 0.002), ("rtdpy, steps", steps(binary), 0.035)]
    for name, worst, bound in found:
        print(f"{name}: at most {100 * worst:.2f} % apart, {100 * bound:.1f} % allowed")
    sys.exit(any(worst > bound for _, worst, bound in found))


if __name__ == "__main__":
    main()
