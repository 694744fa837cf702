//! Tables that people keep: a row for each experiment, or for each reading of a ramp.

use std::path::Path;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_campaign::suggest::{Came, came, input_value};
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_data::learnt::{Cell, Csv};
use flowtwin_data::sheet::{Sheet, SheetRow};
use flowtwin_lab::{Conditions, Input};
use flowtwin_report::column;
use flowtwin_report::extrapolated::{Range, outside};

use crate::experiment::Experiment;
use crate::ramp::{Knot, Ramp, Reading};
use crate::series::Series;

/// When the liquid of a reading entered, and when it was read, since the beginning of its ramp \[s\].
const TIMES: [&str; 2] = ["formed_s", "read_s"];

/// A table as it is read.
struct Table<'a> {
    path: &'a Path,
    scenario: &'a Scenario,
    csv: Csv,
    sheet: Sheet,
    /// The column of each feature among those that are read.
    columns: Vec<Option<usize>>,
    /// Names that mean a column of inputs or features.
    taken: Vec<String>,
}

/// A row of a ramp whose times are known.
struct Timed {
    run: usize,
    ramp: String,
    formed_s: f64,
    conditions: Conditions,
    reading: Option<Reading>,
}

/// What a table holds.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) experiments: Vec<Experiment>,
    pub(crate) series: Vec<Series>,
    /// One sentence for each row that was left out.
    pub(crate) notes: Vec<String>,
    /// Which inputs lie outside the ranges of the scenario.
    pub(crate) outside: Option<String>,
}

/// Reads a table; its runs are numbered from `first` on.
pub(crate) fn rows(scenario: &Scenario, path: &Path, first: usize) -> Result<Rows, Diagnostic> {
    let (table, mut found) = (Table::read(scenario, path)?, Rows::default());
    let done = table.sheet.notes().iter().map(|note| format!("{}: {note}", path.display()));
    found.notes.extend(done);
    let (of_run, of_ramp) = (table.texts("run"), table.texts("ramp"));
    let (flags, times) = (table.texts("flags"), TIMES.map(|name| table.texts(name)));
    let (mut runs, mut timed): (Vec<&str>, Vec<Timed>) = (Vec::new(), Vec::new());
    let mut of_ramps: Vec<Conditions> = Vec::new();
    for (i, row) in table.sheet.rows().iter().enumerate() {
        let name = of_run.as_ref().map_or("", |names| &names[i].text);
        let place = runs.iter().position(|known| *known == name).unwrap_or(runs.len());
        if place == runs.len() {
            runs.push(name);
        }
        let run = first + place;
        // A row beside the ramps belongs to none of them.
        let named = |names: &Vec<&Cell>| Some(names[i].text.clone()).filter(|it| !it.is_empty());
        let ramp = of_ramp.as_ref().and_then(named);
        let source = format!("{}, line {}", path.display(), row.line);
        if let Some(flag) = flags.as_ref().and_then(named) {
            found.notes.push(format!("{source} is {flag}: left out"));
            continue;
        }
        if let (Some(ramp), [Some(formed), Some(read)]) = (&ramp, &times)
            && let Some(row) = table.timed(row, (run, ramp), (formed[i], read[i]))?
        {
            of_ramps.push(row.conditions.clone());
            timed.push(row);
            continue;
        }
        match table.outcomes(row)? {
            Ok(features) => found.experiments.push(Experiment {
                source,
                run,
                ramp,
                conditions: table.conditions(row)?,
                before: None,
                hours: 0.0,
                features,
            }),
            Err(why) => found.notes.push(format!("{source} {why}: left out")),
        }
    }
    let single = found.experiments.iter().map(|it| &it.conditions);
    found.outside = table.outside(&single.chain(&of_ramps).collect::<Vec<_>>());
    found.add_ramps(&table, timed);
    Ok(found)
}

impl Rows {
    /// Adds the ramps whose times are known.
    fn add_ramps(&mut self, table: &Table<'_>, mut rows: Vec<Timed>) {
        while let Some(first) = rows.first() {
            let (run, name) = (first.run, first.ramp.clone());
            let is_of = |row: &Timed| row.run == run && row.ramp == name;
            let (mut own, others): (Vec<Timed>, Vec<Timed>) = rows.into_iter().partition(is_of);
            rows = others;
            own.sort_by(|a, b| a.formed_s.total_cmp(&b.formed_s));
            let knots: Vec<Knot> =
                own.iter().map(|it| (it.formed_s, it.conditions.clone())).collect();
            let readings = own.into_iter().filter_map(|row| row.reading).collect();
            let source = format!("{}, ramp {name}", table.path.display());
            match Ramp::of_table(table.scenario, &knots, readings) {
                Ok(ramp) => self.series.push(Series::of_ramp(source, run, ramp)),
                Err(why) => self.notes.push(format!("{source}: left out: {why}")),
            }
        }
    }
}

impl<'a> Table<'a> {
    fn read(scenario: &'a Scenario, path: &'a Path) -> Result<Self, Diagnostic> {
        let inputs: Vec<String> =
            scenario.space().inputs().iter().map(|input| input.name.clone()).collect();
        let csv = Csv::read(path)?;
        let all = scenario.features();
        let named = |name: &str| {
            let cells = || csv.header().iter().map(|cell| &cell.text);
            let same = |text: &&String| text.to_lowercase() == name.to_lowercase();
            cells().find(|text| *text == name).or_else(|| cells().find(same)).cloned()
        };
        // With its unit, as tables of a run have it.
        let written =
            |(name, unit): &(String, String)| named(name).or_else(|| named(&column(name, unit)));
        let found: Vec<Option<String>> = all.iter().map(written).collect();
        let present: Vec<String> = found.iter().flatten().cloned().collect();
        if present.is_empty() {
            let names: Vec<String> = all.into_iter().map(|(name, _)| name).collect();
            let message = format!("{}: no column is a feature", path.display());
            return Err(Diagnostic::new(message)
                .hint(format!("the features of the scenario are {}", names.join(", "))));
        }
        let sheet = Sheet::read(path, &inputs, &present)?;
        let place = |name: &Option<String>| {
            name.as_ref().and_then(|name| present.iter().position(|known| known == name))
        };
        let columns = found.iter().map(place).collect();
        let taken = inputs.iter().chain(&present).cloned().collect();
        Ok(Self { path, scenario, csv, sheet, columns, taken })
    }

    /// The cells of a column that says where a row belongs, unless its name means something else here.
    fn texts(&self, name: &str) -> Option<Vec<&Cell>> {
        let column = self.csv.header().iter().position(|cell| cell.text == name)?;
        (!self.taken.iter().any(|known| known == name)).then(|| self.csv.column(column).collect())
    }

    fn conditions(&self, row: &SheetRow) -> Result<Conditions, Diagnostic> {
        let inputs = row.inputs.iter().zip(self.scenario.space().inputs());
        let values = inputs.map(|(entry, input)| input_value(&self.sheet, entry, input));
        Ok(self.scenario.space().conditions(values.collect::<Result<_, _>>()?))
    }

    /// The features of a row, or why it has none.
    fn outcomes(
        &self,
        row: &SheetRow,
    ) -> Result<Result<Vec<Option<f64>>, &'static str>, Diagnostic> {
        let outcomes = match came(&self.sheet, row)? {
            Came::Of(outcomes) => outcomes,
            Came::Nothing => return Ok(Err("failed")),
            Came::NotYet => return Ok(Err("has no outcome")),
        };
        Ok(Ok(self.columns.iter().map(|place| place.and_then(|at| outcomes[at])).collect()))
    }

    /// A row of a ramp; none where it does not say when its liquid entered. One that was not read says what flowed then.
    fn timed(
        &self,
        row: &SheetRow,
        (run, ramp): (usize, &str),
        (formed, read): (&Cell, &Cell),
    ) -> Result<Option<Timed>, Diagnostic> {
        let (Some(formed_s), conditions) = (self.seconds(formed)?, self.conditions(row)?) else {
            return Ok(None);
        };
        let reading = match (self.seconds(read)?, self.outcomes(row)?) {
            (Some(read_s), Ok(features)) => Some(Reading {
                entered_s: formed_s,
                read_s,
                conditions: conditions.clone(),
                features: features.into_iter().map(|it| it.unwrap_or(f64::NAN)).collect(),
            }),
            _ => None,
        };
        Ok(Some(Timed { run, ramp: ramp.to_owned(), formed_s, conditions, reading }))
    }

    fn seconds(&self, cell: &Cell) -> Result<Option<f64>, Diagnostic> {
        if cell.text.is_empty() {
            return Ok(None);
        }
        let number = cell.text.replace(',', ".").parse::<f64>().ok().filter(|s| s.is_finite());
        number.map(Some).ok_or_else(|| {
            let message = format!("`{}` is not a number of seconds", cell.text);
            Diagnostic::new(message).at(self.csv.place(cell))
        })
    }

    /// Says which conditions lie outside the ranges of the scenario.
    fn outside(&self, all: &[&Conditions]) -> Option<String> {
        let range =
            |input: &Input| Range { name: input.name.clone(), low: input.low, high: input.high };
        let ranges: Vec<Range> = self.scenario.space().inputs().iter().map(range).collect();
        let rows: Vec<&[f64]> = all.iter().map(|conditions| conditions.values()).collect();
        let found = outside(&ranges, &rows);
        found.map(|found| format!("{}: {found}", self.path.display()))
    }
}
