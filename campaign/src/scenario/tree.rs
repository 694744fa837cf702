//! The text of a scenario: TOML files, each laid over the one it extends, and where each key stands.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flowtwin_data::diagnostic::{Diagnostic, Place};
use flowtwin_data::unreadable;
use toml::de::{DeArray, DeTable, DeValue};

use super::file::ScenarioFile;
use super::unknown;

/// The newest layout of scenario files that this version reads.
const SCHEMA: i64 = 1;

/// Keys whose table names one of several choices (`{ ensemble = { … } }`): such a table replaces the one below,
/// because half of one choice and half of another is neither.
pub(super) const CHOICES: [&str; 8] =
    ["goal", "measure", "on_fault", "policy", "sets", "spectrum", "surrogate", "wait"];

/// What serde says of a table that should be a choice, and has no key or several.
const ONE_KIND: &str = "expected map with a single key";

/// The way to a key: table names, keys and positions in arrays.
type KeyPath = Vec<String>;

/// A tree of values merged from one or more files, and the place of each key.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    values: toml::Table,
    places: BTreeMap<KeyPath, Spot>,
    file: Option<Arc<Source>>,
}

/// Where a key and its value stand.
#[derive(Clone, Debug)]
struct Spot {
    source: Arc<Source>,
    key: std::ops::Range<usize>,
    value: std::ops::Range<usize>,
}

/// A file that was read.
#[derive(Debug)]
struct Source {
    name: String,
    text: String,
}

impl Source {
    fn read(path: &Path) -> Result<Self, Diagnostic> {
        let name = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Ok(Self { name, text }),
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                let complaint = Diagnostic::new(format!("{name} is not text in UTF-8"));
                Err(complaint.hint("save it as UTF-8: TOML knows no other encoding"))
            }
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    fn place(&self, span: std::ops::Range<usize>) -> Place {
        Place::new(&self.name, &self.text, span)
    }
}

/// Furthest from zero that a number of a scenario may be, in any unit.
const FURTHEST: f64 = 1e30;

/// The first number beyond all measure, and the way to it.
fn beyond(values: &toml::Table, path: &mut KeyPath) -> Option<(KeyPath, f64)> {
    values.iter().find_map(|(key, value)| beyond_at(key.clone(), value, path))
}

fn beyond_at(key: String, value: &toml::Value, path: &mut KeyPath) -> Option<(KeyPath, f64)> {
    path.push(key);
    let found = match value {
        toml::Value::Float(number) if !(-FURTHEST..=FURTHEST).contains(number) => {
            Some((path.clone(), *number))
        }
        toml::Value::Table(table) => beyond(table, path),
        toml::Value::Array(parts) => {
            let mut parts = parts.iter().enumerate();
            parts.find_map(|(place, part)| beyond_at(place.to_string(), part, path))
        }
        _ => None,
    };
    path.pop();
    found
}

impl Tree {
    /// Reads a file and everything it extends.
    ///
    /// Tables are merged key by key; a value, an array and a table that names a choice replace what they extend, and
    /// `false` takes a table away.
    ///
    /// # Errors
    /// If a file cannot be read or is no TOML, if its schema is unknown, if a number is not finite, or if it
    /// extends itself.
    pub fn read(path: &Path) -> Result<Self, Diagnostic> {
        Self::read_below(path, &mut Vec::new())
    }

    /// As [`Tree::read`], of a `text` that stands for the file at `path`, which need not be there.
    ///
    /// # Errors
    /// As [`Tree::read`].
    pub fn read_text(text: &str, path: &Path) -> Result<Self, Diagnostic> {
        let source = Source { name: path.display().to_string(), text: text.to_owned() };
        Self::extended(source, path, &mut Vec::new())
    }

    /// The values of all files together; [`Tree::scenario`] gives them their types.
    pub fn values(&self) -> &toml::Table {
        &self.values
    }

    fn read_below(path: &Path, below: &mut Vec<PathBuf>) -> Result<Self, Diagnostic> {
        Self::extended(Source::read(path)?, path, below)
    }

    fn extended(source: Source, path: &Path, below: &mut Vec<PathBuf>) -> Result<Self, Diagnostic> {
        let source = Arc::new(source);
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let own = Self::parse(&source)?;
        own.check_schema()?;
        let Some(base) = own.values.get("extends") else {
            return Ok(own);
        };
        let Some(base) = base.as_str() else {
            return Err(own.complain(&["extends"], "`extends` must name a scenario file"));
        };
        below.push(real);
        let base = path.parent().unwrap_or(Path::new("")).join(base);
        if below.contains(&fs::canonicalize(&base).unwrap_or_else(|_| base.clone())) {
            return Err(own.complain(&["extends"], "a scenario cannot extend itself"));
        }
        let mut merged = Self::read_below(&base, below).map_err(|error| match error.place {
            None => error.at(own.place(&["extends".to_owned()])),
            Some(_) => error,
        })?;
        merged.overlay(own);
        merged.values.remove("extends");
        Ok(merged)
    }

    fn parse(source: &Arc<Source>) -> Result<Self, Diagnostic> {
        let table = DeTable::parse(&source.text).map_err(|error| {
            let place = error.span().map(|span| source.place(span));
            Diagnostic::new(error.message().to_owned()).at(place)
        })?;
        let mut tree = Self { file: Some(source.clone()), ..Self::default() };
        let mut path = KeyPath::new();
        tree.values = tree.table(source, table.get_ref(), &mut path)?;
        Ok(tree)
    }

    fn table(
        &mut self,
        source: &Arc<Source>,
        table: &DeTable<'_>,
        path: &mut KeyPath,
    ) -> Result<toml::Table, Diagnostic> {
        let mut values = toml::Table::new();
        // A table's keys come in the order of the file: the order of inputs is the order of conditions.
        for (key, value) in table {
            path.push(key.get_ref().to_string());
            let spot = Spot { source: source.clone(), key: key.span(), value: value.span() };
            self.places.insert(path.clone(), spot);
            let value = self.value(source, value.get_ref(), path)?;
            values.insert(key.get_ref().to_string(), value);
            path.pop();
        }
        Ok(values)
    }

    fn value(
        &mut self,
        source: &Arc<Source>,
        value: &DeValue<'_>,
        path: &mut KeyPath,
    ) -> Result<toml::Value, Diagnostic> {
        Ok(match value {
            DeValue::Table(table) => toml::Value::Table(self.table(source, table, path)?),
            DeValue::Array(array) => toml::Value::Array(self.array(source, array, path)?),
            DeValue::String(text) => toml::Value::String(text.to_string()),
            DeValue::Boolean(flag) => toml::Value::Boolean(*flag),
            DeValue::Datetime(moment) => toml::Value::Datetime(*moment),
            DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
                .map(toml::Value::Integer)
                .map_err(|_| self.complain_at(path, &format!("{digits} is too large")))?,
            DeValue::Float(digits) => match digits.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => toml::Value::Float(number),
                _ => {
                    let message = format!("{digits} is not a finite number");
                    return Err(self.complain_at(path, &message));
                }
            },
        })
    }

    fn array(
        &mut self,
        source: &Arc<Source>,
        array: &DeArray<'_>,
        path: &mut KeyPath,
    ) -> Result<Vec<toml::Value>, Diagnostic> {
        let mut values = Vec::new();
        for (index, value) in array.iter().enumerate() {
            path.push(index.to_string());
            let spot = Spot { source: source.clone(), key: value.span(), value: value.span() };
            self.places.insert(path.clone(), spot);
            values.push(self.value(source, value.get_ref(), path)?);
            path.pop();
        }
        Ok(values)
    }

    fn check_schema(&self) -> Result<(), Diagnostic> {
        match self.values.get("schema").and_then(toml::Value::as_integer) {
            Some(SCHEMA) => Ok(()),
            Some(newer) if newer > SCHEMA => {
                let message =
                    format!("schema {newer} is newer than {SCHEMA}, the newest known here");
                let update = "update flowtwin, or take a scenario written for this version";
                Err(self.complain(&["schema"], &message).hint(update))
            }
            _ => {
                let start = "start the file with `schema = 1`";
                Err(self.complain(&["schema"], "the scenario names no known schema").hint(start))
            }
        }
    }

    /// Lays `over` on top: its keys win.
    fn overlay(&mut self, over: Self) {
        merge(&mut self.values, over.values, &mut KeyPath::new(), &mut self.places);
        self.places.extend(over.places);
        self.file = over.file;
    }

    /// The whole tree as a scenario.
    ///
    /// # Errors
    /// If a key is unknown or missing, or a value has the wrong type.
    pub fn scenario(&self) -> Result<ScenarioFile, Diagnostic> {
        if let Some((path, number)) = beyond(&self.values, &mut Vec::new()) {
            let last = path.iter().rev().find(|part| part.parse::<usize>().is_err());
            let key = last.map_or("it", String::as_str);
            let message = format!(
                "{key} = {number:e} is out of range: no number may lie beyond ±{FURTHEST:e}"
            );
            return Err(self.complain_at(&path, &message));
        }
        let values = serde_json::to_value(&self.values).expect("values of TOML are plain data");
        ScenarioFile::of(&values).map_err(|error| {
            let path = key_path(error.path());
            let mut message = error.inner().to_string();
            if message.ends_with(ONE_KIND) {
                let pointer: String = path.iter().map(|part| format!("/{part}")).collect();
                let table = values.pointer(&pointer).and_then(serde_json::Value::as_object);
                let more = table.is_some_and(|table| table.len() > 1);
                let kinds = if more { "more than one" } else { "none" };
                message =
                    format!("a table with one key, its kind, is wanted here; there is {kinds}");
            }
            unknown::explain(self.complain_at(&path, &message))
        })
    }

    /// A complaint about the key at `path`, or about the nearest table above it that is there.
    pub fn complain(&self, path: &[&str], message: &str) -> Diagnostic {
        let path: KeyPath = path.iter().map(|&part| part.to_owned()).collect();
        self.complain_at(&path, message)
    }

    /// As [`Tree::complain`], for a path of owned parts.
    pub(crate) fn complain_at(&self, path: &[String], message: &str) -> Diagnostic {
        Diagnostic::new(message).at(self.place(path))
    }

    /// Where the key at `path` stands: the key of a table, key and value of anything else.
    fn place(&self, path: &[String]) -> Option<Place> {
        let known = (0..=path.len()).rev().find_map(|n| self.places.get(&path[..n]));
        let Some(found) = known else {
            // Nothing on the way to the key is there: the whole file lacks it.
            return self.file.as_ref().map(|source| source.place(0..0));
        };
        let text = &found.source.text;
        let one_line = !text[found.value.clone()].contains('\n');
        let exact = self.places.contains_key(path);
        let span = if exact && one_line && found.value.start >= found.key.start {
            found.key.start..found.value.end
        } else {
            found.key.clone()
        };
        Some(found.source.place(span))
    }
}

/// The path of a serde error, in our words.
fn key_path(path: &serde_path_to_error::Path) -> KeyPath {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { variant } => Some(variant.clone()),
            Segment::Unknown => None,
        })
        .collect()
}

/// Lays `over` on `under`, forgetting the places of what is replaced. `false` over a table, a list or a number takes it away.
fn merge(
    under: &mut toml::Table,
    over: toml::Table,
    path: &mut KeyPath,
    places: &mut BTreeMap<KeyPath, Spot>,
) {
    for (key, value) in over {
        path.push(key.clone());
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above))
                if !CHOICES.contains(&key.as_str()) =>
            {
                merge(below, above, path, places);
            }
            (Some(there), toml::Value::Boolean(false)) if can_be_taken_away(there) => {
                places.retain(|other, _| !other.starts_with(path));
                under.remove(&key);
            }
            (_, value) => {
                places.retain(|other, _| !other.starts_with(path));
                under.insert(key, value);
            }
        }
        path.pop();
    }
}

/// A text may be a word that `false` is another of; a table, a list and a number are not.
fn can_be_taken_away(value: &toml::Value) -> bool {
    use toml::Value::{Array, Float, Integer, Table};
    matches!(value, Table(_) | Array(_) | Integer(_) | Float(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_without_a_kind_and_one_with_two_are_told_apart() {
        let read = |spectrum: &str| {
            let text = format!(
                "schema = 1\nname = \"x\"\n[rig]\nname = \"x\"\ntimed_stream = \"a\"\n\
                 lights.lamp = {{ sources = [{{ counts = 1.0, spectrum = {spectrum} }}] }}\n"
            );
            Tree::read_text(&text, "x.toml".as_ref()).unwrap().scenario().unwrap_err().to_string()
        };
        let none = read("{}");
        assert!(
            none.contains("a table with one key, its kind, is wanted here; there is none"),
            "{none}"
        );
        let two = read("{ flat = 1.0, lines = [] }");
        assert!(two.contains("is wanted here; there is more than one"), "{two}");
        assert!(two.contains("x.toml:6:"), "{two}");
    }
}
