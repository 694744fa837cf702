//! What the sensors of a rig watch, and what none of them sees, so that people know before it starts.

use crate::layer::rules::Limits;
use crate::manifest::{Level, Manifest, Probe, PumpInfo, SensorKind};

/// A limit of temperatures is far above the highest set point from here on \[K\].
const FAR_K: f64 = 60.0;

/// Something that no sensor of a rig watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwatched {
    /// What there is not.
    pub lacks: String,
    /// What watches in its place, or who.
    pub instead: String,
}

impl Unwatched {
    fn new(lacks: &str, instead: impl Into<String>) -> Self {
        Self { lacks: lacks.into(), instead: instead.into() }
    }
}

impl std::fmt::Display for Unwatched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.lacks, self.instead)
    }
}

impl Limits {
    /// What no sensor of this rig watches, and what is left to watch it.
    ///
    /// Nothing is known of a lab that runs whole experiments by itself.
    pub fn unwatched(&self, manifest: &Manifest) -> Vec<Unwatched> {
        if manifest.level == Level::Experiments {
            return Vec::new();
        }
        let has = |wanted: fn(&SensorKind) -> bool| {
            manifest.sensors.iter().any(|sensor| wanted(&sensor.kind))
        };
        let mut all = Vec::new();
        let mut lacks = |what, instead: &str| all.push(Unwatched::new(what, instead));
        if !has(|kind| matches!(kind, SensorKind::Probe(Probe::Pressure))) {
            lacks("no pressure sensor", &instead_of_pressure(&manifest.pumps));
        }
        if !has(|kind| *kind == SensorKind::Leak) {
            lacks("no leak sensor", "somebody must look for leaks");
        }
        if !has(|kind| *kind == SensorKind::Permit) {
            lacks("no switch of a door or an emergency stop", "only Ctrl-C stops the run");
        }
        if !has(|kind| matches!(kind, SensorKind::Probe(Probe::Flow(_)))) {
            lacks("no flow sensor", "what pumps say that they deliver is believed");
        }
        if !has(|kind| matches!(kind, SensorKind::Probe(Probe::Level | Probe::Mass))) {
            lacks("no level sensor or balance", "nobody notices that the waste bottle is full");
        }
        all.extend(self.far_above(manifest));
        all.extend(self.unused(manifest));
        all
    }

    /// The limit of temperatures, where nothing on the rig is meant to come near it.
    fn far_above(&self, manifest: &Manifest) -> Option<Unwatched> {
        let (limit_c, hottest) = (self.max_temperature_c, manifest.heaters.iter());
        let hottest = hottest.max_by(|a, b| a.high_c.total_cmp(&b.high_c))?;
        let (name, high_c) = (&hottest.name, hottest.high_c);
        (limit_c > high_c + FAR_K).then(|| {
            let lacks = format!(
                "no temperature limit near {high_c} °C, the highest set point of {name} (guard.max_temperature_c is {limit_c})"
            );
            Unwatched::new(&lacks, "a heater that runs away may become hotter before it is stopped")
        })
    }

    /// Which rule each sensor that watches the rig stands for, and the name of the sensor.
    pub fn watched(&self, manifest: &Manifest) -> Vec<(String, String)> {
        let rule = |kind: &SensorKind| match kind {
            SensorKind::Probe(Probe::Pressure) => {
                self.highest_pressure_kpa(manifest).map(|kpa| format!("more than {kpa} kPa"))
            }
            SensorKind::Probe(Probe::Flow(_)) if self.flow_tolerance < 1.0 => {
                let (percent, grace_s) = (100.0 * self.flow_tolerance, self.flow_grace_s);
                Some(format!("a flow that is {percent} % off for {grace_s} s"))
            }
            SensorKind::Leak => Some("a leak".into()),
            SensorKind::Permit => Some("an open switch".into()),
            _ => None,
        };
        let sensors = manifest.sensors.iter();
        sensors.filter_map(|it| Some((rule(&it.kind)?, it.name.to_string()))).collect()
    }

    /// Sensors that are there, and for which there is no limit.
    fn unused<'a>(&'a self, manifest: &'a Manifest) -> impl Iterator<Item = Unwatched> {
        let pressure = self.highest_pressure_kpa(manifest);
        let levels = manifest.sensors.iter().filter(move |sensor| match sensor.kind {
            SensorKind::Probe(Probe::Level | Probe::Mass) => {
                !self.sensors.contains_key(&sensor.name)
            }
            SensorKind::Probe(Probe::Pressure) => pressure.is_none(),
            _ => false,
        });
        levels.map(|sensor| {
            let name = &sensor.name;
            let lacks = format!("no limit for the sensor {name} (guard.sensors.{name}.high)");
            Unwatched::new(&lacks, "its readings are recorded, and stop nothing")
        })
    }
}

/// What limits the pressure where nothing measures it: the pump with the strongest drive.
fn instead_of_pressure(pumps: &[PumpInfo]) -> String {
    let unknown: Vec<&str> =
        pumps.iter().filter(|p| p.stall_kpa.is_none()).map(|p| p.name.as_str()).collect();
    let strongest = pumps
        .iter()
        .filter_map(|p| Some((p.stall_kpa?, p.name.as_str())))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match (strongest, unknown.is_empty()) {
        (Some((kpa, name)), true) => format!(
            "only the stall force of the pumps limits the pressure, to at most {kpa:.0} kPa ({name})"
        ),
        _ => {
            "only the stall force of the pumps limits the pressure, and nobody has said what it is \
              (rig.pumps.NAME.thrust_n)"
                .into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Lab as _;
    use crate::layer::SensorRule;
    use crate::manifest::SensorInfo;
    use crate::toy::ToyLab;

    fn told(limits: &Limits, kinds: &[(&str, SensorKind)]) -> Vec<String> {
        let mut manifest = ToyLab::new().manifest().clone();
        manifest.sensors.retain(|sensor| !sensor.kind.is_switch());
        let more = kinds.iter().cloned();
        manifest.sensors.extend(more.map(|(name, kind)| SensorInfo { name: name.into(), kind }));
        manifest.pumps[0].stall_kpa = (!kinds.is_empty()).then_some(3_460.0);
        limits.unwatched(&manifest).iter().map(Unwatched::to_string).collect()
    }

    #[test]
    fn what_no_sensor_watches_is_told_and_what_watches_it_instead() {
        let none = told(&Limits::default(), &[]);
        let begin = |text: &String| text.split(':').next().unwrap_or_default().to_owned();
        assert_eq!(
            none.iter().map(begin).collect::<Vec<_>>(),
            [
                "no pressure sensor",
                "no leak sensor",
                "no switch of a door or an emergency stop",
                "no flow sensor",
                "no level sensor or balance"
            ]
        );
        assert!(none[0].contains("nobody has said what it is"), "{}", none[0]);
        let leak = told(&Limits::default(), &[("tray", SensorKind::Leak)]);
        assert_eq!(
            leak[0],
            "no pressure sensor: only the stall force of the pumps limits the pressure, to at most 3460 kPa (water)"
        );
        assert!(!leak.iter().any(|text| text.contains("leak")), "{leak:?}");
    }

    /// A new scenario has the default of 220 °C, whatever its heater is for.
    #[test]
    fn a_limit_far_above_the_highest_set_point_is_told() {
        let near = |limit_c: f64, high_c: f64| {
            let mut manifest = ToyLab::new().manifest().clone();
            manifest.heaters[0].high_c = high_c;
            let limits = Limits { max_temperature_c: limit_c, ..Limits::default() };
            let all = limits.unwatched(&manifest);
            let told = all.iter().find(|it| it.lacks.contains("max_temperature_c"));
            told.map(Unwatched::to_string)
        };
        assert_eq!(near(140.0, 80.0), None);
        let told = near(220.0, 80.0).unwrap();
        assert!(told.contains("near 80 °C, the highest set point of plate"), "{told}");
        assert!(told.contains("(guard.max_temperature_c is 220)"), "{told}");
    }

    #[test]
    fn a_rig_with_all_of_them_lacks_nothing_but_limits() {
        let probe = SensorKind::Probe;
        let all = [
            ("gauge", probe(Probe::Pressure)),
            ("meter", probe(Probe::Flow(Vec::new()))),
            ("waste", probe(Probe::Level)),
            ("tray", SensorKind::Leak),
            ("door", SensorKind::Permit),
        ];
        let mut limits = Limits::default();
        assert_eq!(
            told(&limits, &all),
            [
                "no limit for the sensor gauge (guard.sensors.gauge.high): its readings are recorded, and stop nothing",
                "no limit for the sensor waste (guard.sensors.waste.high): its readings are recorded, and stop nothing"
            ]
        );
        limits.max_pressure_kpa = Some(500.0);
        limits.sensors.insert("waste".into(), SensorRule::default());
        assert_eq!(told(&limits, &all), [""; 0]);
    }
}
