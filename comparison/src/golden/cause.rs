//! What may have moved on a rig.

use flowtwin_report::format::significant;
use serde::Serialize;
use serde_json::{Value, json};

/// A part of a rig that may not be as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A light gives more or less light \[%\].
    Light(String),
    /// A pump delivers more or less than commanded \[%\].
    Pump(String),
    /// A mass-flow controller delivers more or less gas than it is set to \[%\].
    Gas(String),
    /// A stock is stronger or weaker \[%\].
    Stock(String),
    /// A heated zone is hotter or colder than its sensor reads \[K\].
    Heater(String),
}

impl Cause {
    /// All that may have moved on the rig of a definition: its lights, pumps, gases, heaters, and the stocks that hold something.
    pub fn all(definition: &Value) -> Vec<Self> {
        let names = |table: &str| {
            let table = definition.pointer(table).and_then(Value::as_object);
            table.map(|table| table.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
        };
        let filled = |stock: &String| {
            let pumps = definition.pointer("/rig/pumps").and_then(Value::as_object);
            let used = pumps.is_some_and(|pumps| {
                pumps.values().any(|pump| pump["stock"].as_str() == Some(stock))
            });
            let held = &definition["stocks"][stock]["concentrations_mm"];
            used && held.as_object().is_some_and(|held| !held.is_empty())
        };
        let stocks = names("/stocks").into_iter().filter(filled);
        let lights = names("/rig/lights").into_iter().map(Self::Light);
        let pumps = names("/rig/pumps").into_iter().map(Self::Pump);
        let gases = names("/rig/gases").into_iter().map(Self::Gas);
        let heaters = names("/rig/heaters").into_iter().map(Self::Heater);
        lights.chain(pumps).chain(gases).chain(stocks.map(Self::Stock)).chain(heaters).collect()
    }

    /// The change whose effect is computed, in [`Cause::unit`].
    pub fn step(&self) -> f64 {
        match self {
            Self::Light(_) | Self::Stock(_) => 5.0,
            Self::Pump(_) | Self::Gas(_) | Self::Heater(_) => 3.0,
        }
    }

    /// Unit of the change.
    pub fn unit(&self) -> &'static str {
        if matches!(self, Self::Heater(_)) { "K" } else { "%" }
    }

    /// What it is, such as `pump cui`.
    pub fn name(&self) -> String {
        match self {
            Self::Light(name) => format!("light {name}"),
            Self::Pump(name) => format!("pump {name}"),
            Self::Gas(name) => format!("gas {name}"),
            Self::Stock(name) => format!("stock {name}"),
            Self::Heater(name) => format!("heater {name}"),
        }
    }

    /// A change in words, such as `pump cui delivers 3.1 % more`.
    pub fn moved_by(&self, amount: f64) -> String {
        let (name, by) = (self.name(), significant(amount.abs(), 2));
        let either = |more: &'static str, less: &'static str| {
            if amount > 0.0 { more } else { less }
        };
        match self {
            Self::Light(_) => format!("{name} gives {by} % {} light", either("more", "less")),
            Self::Pump(_) => format!("{name} delivers {by} % {}", either("more", "less")),
            Self::Gas(_) => format!("{name} flows {by} % {}", either("faster", "slower")),
            Self::Stock(_) => format!("{name} is {by} % {}", either("stronger", "weaker")),
            Self::Heater(_) => format!("{name} is {by} K {}", either("hotter", "colder")),
        }
    }

    /// Changes a definition so that its rig has moved by this much.
    pub fn apply(&self, definition: &mut Value, amount: f64) {
        let times = |value: &Value, normal: f64| {
            json!(value.as_f64().unwrap_or(normal) * (1.0 + 0.01 * amount))
        };
        match self {
            Self::Light(name) => {
                let light = &mut definition["rig"]["lights"][name];
                light["brightness_percent"] = times(&light["brightness_percent"], 100.0);
            }
            Self::Pump(name) => {
                let pump = &mut definition["rig"]["pumps"][name];
                pump["delivers_percent"] = times(&pump["delivers_percent"], 100.0);
            }
            Self::Gas(name) => {
                let gas = &mut definition["rig"]["gases"][name];
                gas["delivers_percent"] = times(&gas["delivers_percent"], 100.0);
            }
            Self::Stock(name) => {
                let held = &mut definition["stocks"][name]["concentrations_mm"];
                let held = held.as_object_mut().into_iter().flat_map(|held| held.values_mut());
                held.for_each(|value| *value = times(value, 0.0));
            }
            Self::Heater(name) => {
                let heater = &mut definition["rig"]["heaters"][name];
                let before = heater["above_sensor_k"].as_f64().unwrap_or(0.0);
                heater["above_sensor_k"] = json!(before + amount);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_rig_can_have_moved_and_solvents_cannot_be_weaker() {
        let mut definition = json!({
            "rig": {
                "lights": { "led": {} },
                "pumps": { "a": { "stock": "dye" }, "b": { "stock": "water" } },
                "gases": { "oxygen": {} },
                "heaters": { "plate": {} },
            },
            "stocks": {
                "dye": { "concentrations_mm": { "dye": 2.0 } },
                "spare": { "concentrations_mm": { "dye": 2.0 } },
                "water": { "concentrations_mm": {} },
            },
        });
        let all = Cause::all(&definition);
        let names: Vec<String> = all.iter().map(Cause::name).collect();
        assert_eq!(
            names,
            ["light led", "pump a", "pump b", "gas oxygen", "stock dye", "heater plate"]
        );
        all.iter().for_each(|cause| cause.apply(&mut definition, 5.0));
        assert_eq!(definition["rig"]["lights"]["led"]["brightness_percent"], 105.0);
        assert_eq!(definition["rig"]["pumps"]["b"]["delivers_percent"], 105.0);
        assert_eq!(definition["rig"]["gases"]["oxygen"]["delivers_percent"], 105.0);
        assert_eq!(definition["stocks"]["dye"]["concentrations_mm"]["dye"], 2.1);
        assert_eq!(definition["rig"]["heaters"]["plate"]["above_sensor_k"], 5.0);
    }
}
