//! Serves emulated instruments over a lab without physics, for trying a driver or a third-party
//! client: `cargo run -p flowtwin-backends --example serve -- [SPEED]`.
//!
//! It prints one JSON line with the endpoints when it is ready, and serves until its input is
//! closed.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flowtwin_backends::{EmulatorServer, Wiring};
use flowtwin_lab::{
    Command, Exposure, Fault, FaultKind, Frames, HeaterInfo, Instant, Lab, Level, LightInfo,
    Manifest, Position, Probe, PumpInfo, Reply, SensorInfo, SensorKind, Setting, Span,
    SpectrometerInfo, ValveInfo, math,
};

const BENCH: &str = r#"
schema = 1

[chemyx.water]
[chemyx.oil]
dialect = "x"

[f4t.oven]
serial_number = "4711"
loops = { plate = 1 }
inputs = { door = { module = 1, io = 1 } }

[f4t.oven-rtu]
serial_number = "4711"
link.serial = { port = "emulated", baud = 38400 }
loops = { block = 1 }

[f4t_scpi.jacket]

[protocol.acid]
file = "new-era-ne1000"

[protocol.base]
file = "harvard-kds"
address = 1

[protocol.argon]
file = "bronkhorst-modbus"

[protocol.bath]
file = "eurotherm-2000"

[protocol.kiln]
file = "eurotherm-3200"

[protocol.mantle]
file = "watlow-ez-zone-pm"

[protocol.furnace]
file = "omega-platinum"

[protocol.cryostat]
file = "huber-pb"

[protocol.thermostat]
file = "huber-pb"
link.tcp = "emulated:8101"

[protocol.doser]
file = "hamilton-psd-4"
valves = { doser = "doser-valve" }

[protocol.scale]
file = "mettler-mt-sics"

[protocol.hotplate]
file = "ika-plate"

[protocol.circulator]
file = "julabo"
link.tcp = "emulated:8102"

[protocol.selector]
file = "vici-universal"

[hdx.absorption]
serial_number = "HDX00042"
lamp = "halogen"

[hdx.emission]
serial_number = "HDX00043"

[hdx.serial]
serial_number = "HDX00044"
link.serial = { port = "emulated", baud = 115200 }

[sts.sts]
serial_number = "S00042"
link.tcp = "emulated:8103"

[sts.sts-serial]
serial_number = "S00043"

[qe_pro.qe-pro]
serial_number = "QEP00042"
link.tcp = "emulated:8104"

[ocean_usb.usb2000]
model = "usb2000"
serial_number = "USB2G00042"

[ocean_usb.usb2000-plus]
model = "usb2000_plus"
serial_number = "USB2+H00042"
lamp = "arc"

[ocean_usb.usb4000]
model = "usb4000"
serial_number = "USB4C00042"

[dc2200.led]
current_a = 0.35

[dc4100.leds]
lights = { blue = { channel = 1, current_ma = 200 } }
"#;

const PUMPS: [&str; 6] = ["water", "oil", "acid", "base", "doser", "argon"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let speed = std::env::args().nth(1).map_or(Ok(1.0), |text| text.parse())?;
    let wiring = Wiring::parse(BENCH)?;
    let mut server = EmulatorServer::open(Box::new(StillLab::new()), &wiring, speed)?;
    let ready = serde_json::json!({ "ready": true, "endpoints": server.endpoints() });
    println!("{ready}");
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        asked.store(true, Ordering::Relaxed);
    });
    Ok(server.run(&stop)?)
}

/// A lab in which pumps count, heaters are at once at their set point and every pixel sees the same
/// light.
struct StillLab {
    manifest: Manifest,
    now: Instant,
    runs: BTreeMap<String, (Instant, f64, f64)>,
    set_points: BTreeMap<String, f64>,
    lit: BTreeMap<String, bool>,
    armed: BTreeMap<String, (Instant, Exposure)>,
    positions: BTreeMap<String, usize>,
}

impl StillLab {
    fn new() -> Self {
        Self {
            manifest: manifest(),
            now: Instant::START,
            runs: BTreeMap::new(),
            set_points: BTreeMap::new(),
            lit: BTreeMap::new(),
            armed: BTreeMap::new(),
            positions: BTreeMap::new(),
        }
    }

    fn dispensed(&self, pump: &str) -> (f64, f64) {
        let (since, rate, at_most) = self.runs.get(pump).copied().unwrap_or((self.now, 0.0, 0.0));
        let moved = (rate * self.now.since(since).as_secs() / 60.0).min(at_most);
        (math::round_decimals(moved, 4), f64::from(u8::from(moved < at_most)))
    }

    fn read(&self, kind: &SensorKind) -> f64 {
        match kind {
            SensorKind::Temperature(heater) => {
                let c = self.set_points.get(heater.as_str()).copied().unwrap_or(23.4);
                f64::from(c as f32)
            }
            SensorKind::Power(_) => 37.5,
            SensorKind::Status(pump) => self.dispensed(pump.as_str()).1,
            SensorKind::Dispensed(pump) => self.dispensed(pump.as_str()).0,
            SensorKind::Probe(_) => 20.0,
            SensorKind::Permit | SensorKind::Leak => 1.0,
        }
    }

    fn fetch(&mut self, name: &str) -> Result<Reply, Fault> {
        match self.armed.remove(name) {
            Some((ready, exposure)) if ready <= self.now => {
                let bright = self.lit.values().any(|lit| *lit);
                let known = self.manifest.spectrometer(&name.into());
                let (pixels, full_scale) = known.map_or((1, 1), |it| (it.pixels, it.full_scale));
                let level = if bright { 20_000_u16.min(full_scale - 100) } else { 1_500 };
                let one = (0..pixels).map(|p| level + (p % 100) as u16);
                let counts = one.cycle().take(pixels * exposure.frames as usize);
                Ok(Reply::Frames(Frames::new(pixels, counts.collect::<Vec<_>>())))
            }
            armed => {
                self.armed.extend(armed.map(|armed| (name.to_owned(), armed)));
                Err(Fault::new(self.now, name, FaultKind::NotReady))
            }
        }
    }
}

impl Lab for StillLab {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        match command {
            Command::Dispense { pump, rate_ul_per_min, at_most_ul } => {
                let run = (self.now, rate_ul_per_min.ul_per_min(), at_most_ul.ul());
                self.runs.insert(pump.to_string(), run);
            }
            Command::Withdraw { pump, rate_ul_per_min, volume_ul } => {
                let run = (self.now, rate_ul_per_min.ul_per_min(), volume_ul.ul());
                self.runs.insert(pump.to_string(), run);
            }
            Command::Turn { valve, position } => {
                let number = self.manifest.valve(valve).and_then(|info| info.number(position));
                self.positions.insert(valve.to_string(), number.unwrap_or(0));
            }
            Command::ReadBack { setting: Setting::Position(valve) } => {
                let number = self.positions.get(valve.as_str()).copied().unwrap_or(0);
                return Ok(Reply::Reading(number as f64));
            }
            Command::Stop { pump } => {
                let (moved, _) = self.dispensed(pump.as_str());
                self.runs.insert(pump.to_string(), (Instant::START, 1e9, moved));
            }
            Command::Heat { heater, set_point_c } => {
                self.set_points.insert(heater.to_string(), set_point_c.c());
            }
            Command::Fill { .. } => {}
            Command::HeaterOff { heater } => drop(self.set_points.remove(heater.as_str())),
            Command::Light { light, on } => drop(self.lit.insert(light.to_string(), *on)),
            Command::Arm { spectrometer, exposure } => {
                let each = Span::from_nanos(u64::from(exposure.integration_us) * 1000);
                let ready = self.now + each.times(u64::from(exposure.frames));
                self.armed.insert(spectrometer.to_string(), (ready, *exposure));
                return Ok(Reply::Ready(ready));
            }
            Command::Fetch { spectrometer } => return self.fetch(spectrometer.as_str()),
            Command::Read { sensor } => {
                let info = self.manifest.sensors.iter().find(|s| s.name == *sensor);
                let kind = info.map(|s| s.kind.clone()).expect("emulators read what there is");
                return Ok(Reply::Reading(self.read(&kind)));
            }
            Command::MakeSafe => (self.runs.clear(), self.set_points.clear()).0,
            _ => {
                let detail = "only instruments here".into();
                return Err(Fault::new(self.now, "lab", FaultKind::Unsupported { detail }));
            }
        }
        Ok(Reply::Done)
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.now = self.now.max(deadline);
        Ok(())
    }
}

fn manifest() -> Manifest {
    let heaters = [
        "plate",
        "block",
        "jacket",
        "bath",
        "kiln",
        "mantle",
        "furnace",
        "cryostat",
        "thermostat",
        "hotplate",
        "circulator",
    ];
    let mut sensors = vec![
        SensorInfo { name: "door".into(), kind: SensorKind::Permit },
        SensorInfo { name: "scale".into(), kind: SensorKind::Probe(Probe::Mass) },
    ];
    let mut sensor = |name: String, kind| {
        sensors.push(SensorInfo { name: name.as_str().into(), kind });
    };
    for heater in heaters {
        sensor(format!("{heater}.temperature"), SensorKind::Temperature(heater.into()));
        sensor(format!("{heater}.power"), SensorKind::Power(heater.into()));
    }
    for pump in PUMPS {
        sensor(format!("{pump}.status"), SensorKind::Status(pump.into()));
        sensor(format!("{pump}.dispensed"), SensorKind::Dispensed(pump.into()));
    }
    Manifest {
        rig: "desk".into(),
        simulated: true,
        level: Level::Instruments,
        at_once: None,
        pumps: PUMPS.map(pump).to_vec(),
        valves: vec![
            ValveInfo {
                name: "doser-valve".into(),
                positions: ["input", "output", "wash", "return", "bypass", "extra"]
                    .map(open)
                    .to_vec(),
                turns_s: 0.25,
            },
            ValveInfo {
                name: "selector".into(),
                positions: ["load", "inject"].map(open).to_vec(),
                turns_s: 0.25,
            },
        ],
        heaters: heaters.map(heater).to_vec(),
        lights: ["led", "halogen", "blue", "arc"].map(|l| LightInfo { name: l.into() }).to_vec(),
        spectrometers: SPECTROMETERS.map(spectrometer).to_vec(),
        analysers: Vec::new(),
        sensors,
        path: Default::default(),
    }
}

fn open(name: &str) -> Position {
    Position { name: name.into(), opens: Vec::new() }
}

fn pump(name: &str) -> PumpInfo {
    PumpInfo {
        name: name.into(),
        stock: name.into(),
        bore_mm: 28.6,
        fill_ml: 50.0,
        min_ul_per_min: 0.4818,
        max_ul_per_min: 114_480.0,
        stall_kpa: None,
        steps: None,
        refill: None,
        gas: None,
    }
}

fn heater(name: &str) -> HeaterInfo {
    HeaterInfo { name: name.into(), low_c: 20.0, high_c: 250.0, safe_c: 25.0, still: false }
}

/// Spectrometers with their pixels and their largest count.
const SPECTROMETERS: [(&str, usize, u16); 9] = [
    ("absorption", 2068, u16::MAX),
    ("emission", 2068, u16::MAX),
    ("serial", 2068, u16::MAX),
    ("sts", 1024, 16_383),
    ("sts-serial", 1024, 16_383),
    ("qe-pro", 1044, u16::MAX),
    ("usb2000", 2048, 4_095),
    ("usb2000-plus", 2048, u16::MAX),
    ("usb4000", 3840, u16::MAX),
];

fn spectrometer((name, pixels, full_scale): (&str, usize, u16)) -> SpectrometerInfo {
    SpectrometerInfo {
        name: name.into(),
        pixels,
        wavelength_coefficients: [200.0, 0.4, 0.0, 0.0],
        full_scale,
        min_integration_us: 6_000,
        max_integration_us: 10_000_000,
        nonlinearity: Vec::new(),
    }
}
