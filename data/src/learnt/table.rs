//! A CSV file as a source of experiments: which column is what.

use std::path::Path;

use flowtwin_lab::digest::sha256;

use super::column::Column;
use super::csv::Csv;
use super::source::{Selection, Source, Target};
use crate::diagnostic::Diagnostic;
use crate::error::DataError;

/// Columns that count or name experiments, and are inputs only on request.
const BOOK_KEEPING: [&str; 19] = [
    "batch",
    "date",
    "experiment",
    "id",
    "index",
    "iteration",
    "n_replicates",
    "no",
    "nr",
    "number",
    "replicate",
    "replicates",
    "row",
    "run",
    "sample",
    "seed",
    "timestamp",
    "trial",
    "unnamed: 0",
];

/// The columns before and after the inputs in the `observations.csv` of a run folder.
const BEFORE_INPUTS: &str = "ended_s";
const AFTER_INPUTS: &str = "residence_time_s";

pub(super) fn read(path: &Path, selection: &Selection) -> Result<Source, DataError> {
    let csv = Csv::read(path)?;
    Ok(source(&csv, selection)?)
}

fn source(csv: &Csv, selection: &Selection) -> Result<Source, Diagnostic> {
    let target = find(csv, "target", &selection.target)?;
    let outcomes = Column::numbers(csv, target)?;
    let mut notes = Vec::new();
    let inputs = match selection.names() {
        Some(names) => named(csv, &names, target)?,
        None => every(csv, target, &mut notes)?,
    };
    let row = |i: usize| {
        let inputs = inputs.iter().map(|(_, numbers)| numbers[i]).collect();
        (csv.line(i), inputs, outcomes[i])
    };
    Ok(Source {
        name: csv.name().to_owned(),
        sha256: sha256(csv.text().as_bytes()),
        target: target_of(&csv.header()[target].text),
        rows: (0..csv.rows().len()).map(row).collect(),
        inputs: inputs.into_iter().map(|(name, _)| name).collect(),
        ranges: None,
        simulated: simulated(csv),
        lab_time_s: None,
        notes,
    })
}

type Inputs = Vec<(String, Vec<Option<f64>>)>;

/// The inputs that were asked for.
fn named(csv: &Csv, names: &[String], target: usize) -> Result<Inputs, Diagnostic> {
    let mut inputs = Inputs::new();
    for name in names {
        let index = find(csv, "input", name)?;
        let cell = &csv.header()[index];
        if index == target {
            let complaint = format!("`{}` cannot be both target and input", cell.text);
            return Err(Diagnostic::new(complaint).at(csv.place(cell)));
        }
        let numbers = Column::numbers(csv, index)?;
        if is_constant(&numbers) {
            let complaint = format!("the input `{}` has one value only", cell.text);
            let hint = "leave it out: nothing can be learnt from an input that never changes";
            return Err(Diagnostic::new(complaint).at(csv.place(cell)).hint(hint));
        }
        inputs.push((cell.text.clone(), numbers));
    }
    Ok(inputs)
}

/// Every column that can be an input; says which are not.
fn every(csv: &Csv, target: usize, notes: &mut Vec<String>) -> Result<Inputs, Diagnostic> {
    let mut inputs = Inputs::new();
    let recorded = recorded_inputs(csv);
    for (index, cell) in csv.header().iter().enumerate() {
        if index == target || cell.text.is_empty() {
            continue;
        }
        if recorded.as_ref().is_some_and(|inputs| !inputs.contains(&index)) {
            continue;
        }
        let mut leave_out = |why: &str| notes.push(format!("`{}` is no input: {why}", cell.text));
        if BOOK_KEEPING.contains(&cell.text.to_lowercase().as_str()) {
            leave_out("by its name it counts or names experiments");
            continue;
        }
        match Column::read(csv, index)? {
            Column::Words => leave_out("it holds words"),
            Column::Nothing => leave_out("it is empty"),
            Column::Numbers(numbers) if is_constant(&numbers) => leave_out("it never changes"),
            Column::Numbers(numbers) => inputs.push((cell.text.clone(), numbers)),
        }
    }
    if inputs.is_empty() {
        let complaint = format!("{} has no column of numbers that could be an input", csv.name());
        return Err(Diagnostic::new(complaint)
            .hint("name the inputs: --inputs a,b,c, or `inputs` of a scenario's [table]"));
    }
    Ok(inputs)
}

/// The columns of the inputs, where the table is the `observations.csv` of a run.
fn recorded_inputs(csv: &Csv) -> Option<std::ops::Range<usize>> {
    let place = |name: &str| csv.header().iter().position(|cell| cell.text == name);
    let inputs = place(BEFORE_INPUTS)? + 1..place(AFTER_INPUTS)?;
    (place("experiment") == Some(0) && !inputs.is_empty()).then_some(inputs)
}

/// The column with this name; its unit may be left out where that leaves no doubt.
fn find(csv: &Csv, what: &str, name: &str) -> Result<usize, Diagnostic> {
    let names: Vec<&str> = csv.header().iter().map(|cell| cell.text.as_str()).collect();
    if let Some(index) = names.iter().position(|&column| column == name) {
        return Ok(index);
    }
    let mut candidates = names.iter().enumerate().filter(|(_, column)| target_of(column).is(name));
    if let (Some((index, _)), None) = (candidates.next(), candidates.next()) {
        return Ok(index);
    }
    let complaint = format!("{} has no column `{name}` for the {what}", csv.name());
    Err(Diagnostic::new(complaint).hint(format!("choose among: {}", names.join(", "))))
}

fn is_constant(numbers: &[Option<f64>]) -> bool {
    let mut values = numbers.iter().flatten();
    let first = values.next();
    first.is_none_or(|first| values.all(|value| value.total_cmp(first).is_eq()))
}

/// Whether the rows say that they were simulated.
fn simulated(csv: &Csv) -> Option<bool> {
    let index = csv.header().iter().position(|cell| cell.text == "simulated")?;
    Some(csv.column(index).any(|cell| cell.text == "true"))
}

fn target_of(column: &str) -> Target {
    Target { name: column.to_owned(), unit: unit_of(column).to_owned() }
}

/// The unit in a name such as `yield [%]` or `peak_nm`.
fn unit_of(column: &str) -> &str {
    for (open, close) in [('[', ']'), ('(', ')')] {
        if let Some((_, unit)) = column.strip_suffix(close).and_then(|c| c.rsplit_once(open)) {
            return unit.trim();
        }
    }
    let units = [
        ("_counts_nm", "counts·nm"),
        ("_au_nm", "AU·nm"),
        ("_counts", "counts"),
        ("_percent", "%"),
        ("_nm", "nm"),
        ("_au", "AU"),
        ("_ml", "mL"),
        ("_c", "°C"),
        ("_s", "s"),
    ];
    units.iter().find(|(suffix, _)| column.ends_with(suffix)).map_or("", |(_, unit)| unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, target: &str, inputs: Option<&[&str]>) -> Result<Source, Diagnostic> {
        let csv = Csv::parse("x.csv", text.to_owned())?;
        let inputs = inputs.map(|names| names.iter().map(|&name| name.to_owned()).collect());
        source(&csv, &Selection { target: target.into(), inputs, ranges: None })
    }

    const TABLE: &str = "a,b,solvent,fixed,yield [%],n_replicates\n1,2,DMF,5,30,1\n2,4,DMF,5,,3\n";

    #[test]
    fn inputs_are_all_that_can_be_and_the_rest_is_told() {
        let source = read(TABLE, "yield", None).unwrap();
        assert_eq!(source.inputs, ["a", "b"]);
        assert_eq!((source.target.name.as_str(), source.target.unit.as_str()), ("yield [%]", "%"));
        assert_eq!(source.rows[1], (3, vec![Some(2.0), Some(4.0)], None));
        assert_eq!(source.notes.len(), 3, "{:?}", source.notes);
    }

    #[test]
    fn named_inputs_are_taken_at_their_word() {
        assert_eq!(read(TABLE, "yield", Some(&["n_replicates"])).unwrap().inputs.len(), 1);
        let words = read(TABLE, "yield", Some(&["solvent"])).err().unwrap().to_string();
        assert!(
            words.contains("`DMF` in column `solvent` is no number\n --> x.csv:2:5"),
            "{words}"
        );
        let fixed = read(TABLE, "yield", Some(&["fixed"])).err().unwrap().to_string();
        assert!(fixed.contains("one value only\n --> x.csv:1:13"), "{fixed}");
        let both = read(TABLE, "a", Some(&["a"])).err().unwrap().to_string();
        assert!(both.contains("both target and input"), "{both}");
    }

    #[test]
    fn a_wrong_target_is_answered_with_the_columns_there_are() {
        let error = read(TABLE, "toughness", None).err().unwrap();
        assert!(error.message.contains("x.csv has no column `toughness` for the target"));
        assert!(error.hint.unwrap().contains("a, b, solvent"));
    }

    #[test]
    fn the_table_of_a_run_says_which_columns_are_inputs() {
        let text = "experiment,phase,policy,iteration,simulated,status,started_s,ended_s,t_c,\
                    residence_time_s,pli,pla_counts_nm\n\
                    1,p,lhs,1,true,ok,0,1,120,30,5,7\n2,p,lhs,2,true,ok,1,2,130,31,6,8\n";
        let source = read(text, "pla", None).unwrap();
        assert_eq!(source.inputs, ["t_c"]);
        assert_eq!(source.simulated, Some(true));
        assert_eq!(source.target.unit, "counts·nm");
    }
}
