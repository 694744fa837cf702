//! A CSV file as a source of experiments: which column is what.

use std::path::Path;

use flowtwin_lab::Input;

use super::choice;
use super::column::Column;
use super::csv::Csv;
use super::source::{Selection, Source, Target};
use super::suspects::{counts_rows, doubt};
use crate::diagnostic::Diagnostic;
use crate::error::DataError;

/// Columns that count or name experiments, and are not inputs unless they are named as such.
const BOOK_KEEPING: [&str; 34] = [
    "#",
    "batch",
    "date",
    "entry",
    "exp",
    "exp.",
    "experiment",
    "experiment_id",
    "experiment_number",
    "id",
    "index",
    "iteration",
    "n_replicates",
    "no",
    "no.",
    "nr",
    "nr.",
    "number",
    "replicate",
    "replicates",
    "row",
    "run",
    "run_id",
    "run_order",
    "runorder",
    "sample",
    "sample_id",
    "seed",
    "std_order",
    "stdorder",
    "timestamp",
    "trial",
    "trial_number",
    "unnamed: 0",
];

/// The columns before and after the inputs in the `observations.csv` of a run folder.
const BEFORE_INPUTS: &str = "ended_s";
const AFTER_INPUTS: &str = "residence_time_s";

pub(super) fn read(path: &Path, selection: &Selection) -> Result<Source, DataError> {
    let csv = Csv::read(path)?;
    Ok(source(&csv, selection)?)
}

pub(super) fn source(csv: &Csv, selection: &Selection) -> Result<Source, Diagnostic> {
    let target = find(csv, "target", &selection.target)?;
    let outcomes = Column::numbers(csv, target)?;
    let (mut notes, mut not_inputs) = (csv.notes().to_vec(), Vec::new());
    let mut choices = Vec::new();
    let inputs = match selection.names() {
        Some(names) => named(csv, &names, target, selection, &mut choices)?,
        None => {
            let every = every(csv, target)?;
            for (name, why) in every.left_out {
                notes.push(format!("`{name}` is not an input: {why}"));
                not_inputs.push(name);
            }
            let doubts = every.inputs.iter();
            notes.extend(doubts.filter_map(|(name, x)| doubt(csv, name, x, target, &outcomes)));
            every.inputs
        }
    };
    let row = |i: usize| {
        let inputs = inputs.iter().map(|(_, numbers)| numbers[i]).collect();
        (csv.line(i), inputs, outcomes[i])
    };
    Ok(Source {
        name: csv.name().to_owned(),
        sha256: csv.sha256().to_owned(),
        target: target_at(csv, target),
        rows: (0..csv.rows().len()).map(row).collect(),
        inputs: inputs.into_iter().map(|(name, _)| name).collect(),
        ranges: (!choices.is_empty()).then_some(choices),
        simulated: simulated(csv),
        lab_time_s: None,
        notes,
        not_inputs,
    })
}

/// A number for each row, none where it is missing.
type Numbers = Vec<Option<f64>>;
type Inputs = Vec<(String, Numbers)>;

/// The inputs that were asked for. One that never changes teaches nothing, unless its range is known. `choices` receives those
/// that the table itself gives the options of.
fn named(
    csv: &Csv,
    names: &[String],
    target: usize,
    selection: &Selection,
    choices: &mut Vec<Input>,
) -> Result<Inputs, Diagnostic> {
    let ranged = selection.ranges.is_some();
    let mut inputs = Inputs::new();
    for name in names {
        let index = find(csv, "input", name)?;
        let cell = &csv.header()[index];
        if index == target {
            let complaint = format!("`{}` cannot be both target and input", cell.text);
            return Err(Diagnostic::new(complaint).at(csv.place(cell)));
        }
        let stated = selection.range(name).and_then(Input::options);
        let numbers = if let Some(options) = stated {
            let known: Vec<&str> = options.iter().map(|option| option.name.as_str()).collect();
            choice::places(csv, index, &known)?
        } else if selection.words && Column::read(csv, index)? == Column::Words {
            let options = choice::options(csv, index);
            let places = choice::places(csv, index, &options)?;
            choices.push(choice::input(&cell.text, &options));
            places
        } else {
            Column::numbers(csv, index)?
        };
        if !ranged && is_constant(&numbers) {
            let complaint = format!("the input `{}` has one value only", cell.text);
            let hint = "leave it out: nothing can be learnt from an input that never changes";
            return Err(Diagnostic::new(complaint).at(csv.place(cell)).hint(hint));
        }
        inputs.push((cell.text.clone(), numbers));
    }
    Ok(inputs)
}

/// What can be an input, and what cannot and why.
#[derive(Default)]
struct Every {
    inputs: Inputs,
    left_out: Vec<(String, &'static str)>,
}

/// Every column that can be an input.
fn every(csv: &Csv, target: usize) -> Result<Every, Diagnostic> {
    let mut every = Every::default();
    let recorded = recorded_inputs(csv);
    for (index, cell) in csv.header().iter().enumerate() {
        if index == target || cell.text.is_empty() {
            continue;
        }
        if recorded.as_ref().is_some_and(|inputs| !inputs.contains(&index)) {
            continue;
        }
        match input(csv, index)? {
            Ok(numbers) => every.inputs.push((cell.text.clone(), numbers)),
            Err(why) => every.left_out.push((cell.text.clone(), why)),
        }
    }
    if every.inputs.is_empty() {
        let complaint = format!("{} has no column of numbers that could be an input", csv.name());
        return Err(Diagnostic::new(complaint)
            .hint("name the inputs: --inputs a,b,c, or `inputs` of a scenario's [table]"));
    }
    Ok(every)
}

/// The numbers of a column that can be an input, else why it cannot.
fn input(csv: &Csv, index: usize) -> Result<Result<Numbers, &'static str>, Diagnostic> {
    let name = csv.header()[index].text.to_lowercase().replace([' ', '-'], "_");
    if BOOK_KEEPING.contains(&name.as_str()) {
        return Ok(Err("by its name it counts or names experiments"));
    }
    Ok(match Column::read(csv, index)? {
        Column::Words => Err("it holds words"),
        Column::Nothing => Err("it is empty"),
        Column::Numbers(numbers) if is_constant(&numbers) => Err("it never changes"),
        Column::Numbers(numbers) if counts_rows(&numbers) => Err("it counts the rows"),
        Column::Numbers(numbers) => Ok(numbers),
    })
}

/// The columns of the inputs, where the table is the `observations.csv` of a run.
fn recorded_inputs(csv: &Csv) -> Option<std::ops::Range<usize>> {
    let place = |name: &str| csv.header().iter().position(|cell| cell.text == name);
    // Where an input has the name, what was reached has another.
    let after = place(&format!("actual_{AFTER_INPUTS}")).or_else(|| place(AFTER_INPUTS))?;
    let inputs = place(BEFORE_INPUTS)? + 1..after;
    (place("experiment") == Some(0) && !inputs.is_empty()).then_some(inputs)
}

/// The column with this name; its unit may be left out where that leaves no doubt.
fn find(csv: &Csv, what: &str, name: &str) -> Result<usize, Diagnostic> {
    let names: Vec<&str> = csv.header().iter().map(|cell| cell.text.as_str()).collect();
    if let Some(index) = names.iter().position(|&column| column == name) {
        return Ok(index);
    }
    let fitting = names.iter().enumerate().filter(|(_, column)| target_of(column).is(name));
    let fitting: Vec<(usize, &&str)> = fitting.collect();
    if let [(index, _)] = fitting[..] {
        return Ok(index);
    }
    if !fitting.is_empty() {
        let both: Vec<String> = fitting.iter().map(|(_, column)| format!("`{column}`")).collect();
        let complaint =
            format!("{}: for the {what}, `{name}` could be {}", csv.name(), both.join(" or "));
        return Err(Diagnostic::new(complaint).hint("give the whole name of the column"));
    }
    let complaint = format!("{} has no column `{name}` for the {what}", csv.name());
    let part = names.iter().find(|column| column.split(',').any(|part| part.trim() == name));
    Err(Diagnostic::new(complaint).hint(match part {
        Some(column) if column.contains(',') => {
            format!("put a name with a comma in double quotes: --inputs '\"{column}\"'")
        }
        _ => format!("choose among: {}", names.join(", ")),
    }))
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

/// The outcome in a column, its unit from a row of units or from its name.
fn target_at(csv: &Csv, index: usize) -> Target {
    let target = target_of(&csv.header()[index].text);
    match csv.unit(index) {
        "" => target,
        unit => Target { unit: unit.to_owned(), ..target },
    }
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
        let csv = Csv::parse("x.csv", text)?;
        let inputs = inputs.map(|names| names.iter().map(|&name| name.to_owned()).collect());
        source(&csv, &Selection { target: target.into(), inputs, ranges: None, words: false })
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
            words.contains("`DMF` in column `solvent` is not a number\n --> x.csv:2:5"),
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
    fn a_name_that_fits_two_columns_is_answered_with_both() {
        let text = "a,yield [%],yield_percent\n1,2,3\n2,3,4\n";
        let error = read(text, "yield", None).err().unwrap();
        let both = "for the target, `yield` could be `yield [%]` or `yield_percent`";
        assert!(error.message.contains(both), "{}", error.message);
        assert_eq!(read(text, "yield [%]", None).unwrap().target.unit, "%");
    }

    #[test]
    fn a_part_of_a_name_with_a_comma_gets_the_hint_to_quote_it() {
        let text = "\"Conc, mM\",T,yield\n1,2,3\n2,3,4\n";
        let hint = read(text, "yield", Some(&["Conc", "mM"])).err().unwrap().hint.unwrap();
        assert!(hint.contains("--inputs '\"Conc, mM\"'"), "{hint}");
        assert_eq!(read(text, "yield", Some(&["Conc, mM"])).unwrap().inputs, ["Conc, mM"]);
    }

    #[test]
    fn counters_are_left_out_and_further_outcomes_are_doubted() {
        let row = |i: u8| format!("{i},{},{},{}\n", i * 7 % 5, i * 3 % 7, i * 5 % 11);
        let rows: String = (1..=9).map(row).collect();
        let source = read(&format!("n,a,conversion,yield\n{rows}"), "yield", None).unwrap();
        assert_eq!(source.inputs, ["a", "conversion"]);
        assert_eq!(source.not_inputs, ["n"]);
        assert!(source.notes[0].contains("`n` is not an input: it counts the rows"));
        assert!(source.notes[1].contains("`conversion` is taken for an input although"));
        let named = read(&format!("n,a,conversion,yield\n{rows}"), "yield", Some(&["n"]));
        assert_eq!(named.unwrap().inputs, ["n"]);
    }

    #[test]
    fn a_row_of_units_gives_the_unit_of_the_outcome() {
        let source = read("a,yield\n°C,%\n1,2\n2,4\n", "yield", None).unwrap();
        assert_eq!((source.target.unit.as_str(), source.rows.len()), ("%", 2));
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
