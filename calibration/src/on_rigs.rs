//! What was found on rigs that were drawn: a table of rigs and seeds, and how far each number spreads over both.

use flowtwin_report::{OverRigs, Table};
use serde_json::{Map, Value, json};

use crate::rigs::Drawn;

/// What was found in one run: by name.
type Row = Vec<(String, Option<f64>)>;

/// Numbers that were found on drawn rigs, with the same seeds on each.
#[derive(Clone, Debug)]
pub struct OnRigs<'a> {
    drawn: &'a Drawn,
    seeds: Vec<u64>,
    /// Names and units of the numbers, in the order in which they came.
    names: Vec<(String, String)>,
    /// What was found \[rigs\]\[seeds\].
    found: Vec<Vec<Row>>,
}

impl<'a> OnRigs<'a> {
    /// Nothing yet on these rigs with these seeds.
    pub fn new(drawn: &'a Drawn, seeds: Vec<u64>) -> Self {
        let found = vec![vec![Vec::new(); seeds.len()]; drawn.rigs.len()];
        Self { drawn, seeds, names: Vec::new(), found }
    }

    /// The rigs and seeds in order, each by its place.
    pub fn places(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (rigs, seeds) = (self.drawn.rigs.len(), self.seeds.len());
        (0..rigs).flat_map(move |rig| (0..seeds).map(move |seed| (rig, seed)))
    }

    /// The seed at a place.
    pub fn seed(&self, place: usize) -> u64 {
        self.seeds[place]
    }

    /// A number was found, or is not known, on the rig and with the seed at these places.
    pub fn tell(
        &mut self,
        (rig, seed): (usize, usize),
        (name, unit): (&str, &str),
        value: Option<f64>,
    ) {
        if !self.names.iter().any(|(known, _)| known == name) {
            self.names.push((name.to_owned(), unit.to_owned()));
        }
        self.found[rig][seed].push((name.to_owned(), value));
    }

    fn value(&self, rig: usize, seed: usize, name: &str) -> Option<f64> {
        let found = self.found[rig][seed].iter().find(|(known, _)| known == name);
        found.and_then(|(_, value)| *value).filter(|value| value.is_finite())
    }

    /// How far each number spreads over rigs, and over seeds on one rig.
    pub fn numbers(&self) -> Vec<OverRigs> {
        let number = |(name, unit): &(String, String)| {
            let of_rig = |rig: usize| -> Vec<Option<f64>> {
                (0..self.seeds.len()).map(|seed| self.value(rig, seed, name)).collect()
            };
            let values: Vec<Vec<Option<f64>>> = (0..self.found.len()).map(of_rig).collect();
            OverRigs::new(name, unit, &values, true)
        };
        self.names.iter().map(number).collect()
    }

    /// The same as a table under this title, and what is to be said beside it.
    pub fn summary(&self, what: &str) -> (Table, Vec<String>) {
        let numbers = self.numbers();
        let said = self.drawn.remark().into_iter().map(|remark| remark + ".");
        let remarks = OverRigs::remarks(&numbers).into_iter().chain(said).collect();
        (OverRigs::table(&numbers, what), remarks)
    }

    /// One row for each rig and seed, as comma-separated values: the keys that were drawn, and what was found.
    pub fn csv(&self) -> String {
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let names = self.names.iter().map(|(name, _)| name);
        let titles: Vec<String> =
            self.drawn.keys.iter().chain(names).map(|name| quoted(name)).collect();
        let mut csv = format!("rig,seed,{}\n", titles.join(","));
        for (rig, seed) in self.places() {
            let keys = self.drawn.values[rig].iter().map(|value| Some(*value));
            let found = self.names.iter().map(|(name, _)| self.value(rig, seed, name));
            let word = |value: Option<f64>| value.map(|v| format!("{v:?}")).unwrap_or_default();
            let cells: Vec<String> = keys.chain(found).map(word).collect();
            csv.push_str(&format!("{},{},{}\n", rig + 1, self.seeds[seed], cells.join(",")));
        }
        csv
    }

    /// Everything for programs.
    pub fn json(&self, scenario: &str) -> Value {
        let rig = |(place, values): (usize, &Vec<f64>)| {
            let values = self.drawn.keys.iter().cloned().zip(values.iter().map(|v| json!(v)));
            let found = (0..self.seeds.len()).map(|seed| {
                let numbers = self
                    .names
                    .iter()
                    .map(|(name, _)| (name.clone(), json!(self.value(place, seed, name))));
                let mut row: Map<String, Value> = numbers.collect();
                row.insert("seed".into(), json!(self.seeds[seed]));
                Value::Object(row)
            });
            let found: Vec<Value> = found.collect();
            json!({
                "rig": place + 1,
                "name": self.drawn.rigs[place].name(),
                "values": values.collect::<Map<_, _>>(),
                "found": found,
            })
        };
        json!({
            "scenario": scenario,
            "simulated": true,
            "seeds": self.seeds,
            "numbers": self.numbers(),
            "rigs": self.drawn.values.iter().enumerate().map(rig).collect::<Vec<_>>(),
            "drawn_again": self.drawn.again,
        })
    }
}
