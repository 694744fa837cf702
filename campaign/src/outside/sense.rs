//! Whether what an outside lab says can be.

use flowtwin_lab::{LARGEST, is_sensible};

use super::message::{ObservationLine, Setting, SpaceLine};

/// Lab time ends here \[s\]; it begins at zero.
const LAST_S: f64 = 1e10;

/// The first number of an observation that cannot be, by name and value, and what to write instead.
pub fn nonsense(line: &ObservationLine) -> Option<String> {
    let outcome = line.outcome.iter().map(|value| ("outcome", *value));
    let features = line.features.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    let told = outcome.chain(features).find(|(_, value)| !is_sensible(*value));
    let told = told.map(|(name, value)| {
        format!("`{name}` is {}, it must lie within ±{LARGEST:e}; write null (in Python None) for what was not measured", shown(value))
    });
    let number = |(name, setting): (&str, &Setting)| Some((name.to_owned(), setting.number()?));
    let set = line.conditions.iter().filter_map(number).find(|(_, value)| !is_sensible(*value));
    let set = set
        .map(|(name, value)| format!("`{name}` was set to {}, beyond ±{LARGEST:e}", shown(value)));
    let taken = line.consumed_ml.iter().find(|(_, ml)| **ml < 0.0 || !is_sensible(**ml));
    let taken = taken.map(|(name, ml)| {
        format!("{} mL of `{name}` were taken: it must be from 0 to {LARGEST:e}", shown(*ml))
    });
    let times = [("started_s", line.started_s), ("ended_s", line.ended_s)];
    let time = times.into_iter().find_map(|(name, time)| no_time(name, time?));
    let ends = line.started_s.zip(line.ended_s).filter(|(started, ended)| ended < started);
    let ends = ends.map(|(started, ended)| {
        format!("`ended_s` is {ended} s, before `started_s`, which is {started} s")
    });
    told.or(set).or(taken).or(time).or(ends)
}

/// Why a lab cannot begin as it says.
pub(super) fn no_beginning(line: &SpaceLine) -> Option<String> {
    no_time("now_s", line.now_s).or_else(|| {
        let longest = line.longest_s?;
        let can_be = longest > 0.0 && longest <= LAST_S;
        (!can_be).then(|| {
            format!("`longest_s` is {} s, it must be above 0, to {LAST_S:e} s", shown(longest))
        })
    })
}

fn no_time(name: &str, seconds: f64) -> Option<String> {
    let can_be = (0.0..LAST_S).contains(&seconds);
    (!can_be)
        .then(|| format!("`{name}` is {} s, lab time runs from 0 to {LAST_S:e} s", shown(seconds)))
}

/// A number as people write it: with an exponent only where it is very large or very small.
fn shown(value: f64) -> String {
    match value.abs() {
        size if size > 0.0 && !(1e-4..1e7).contains(&size) => format!("{value:e}"),
        _ => format!("{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> ObservationLine {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_cannot_be_is_named_with_its_value() {
        for (text, expected) in [
            (
                r#"{"features":{"pli":1.8e307}}"#,
                "`pli` is 1.8e307, it must lie within ±1e100; write null",
            ),
            (r#"{"outcome":-1e155}"#, "`outcome` is -1e155"),
            (r#"{"conditions":{"t_c":1e101}}"#, "`t_c` was set to 1e101"),
            (r#"{"consumed_ml":{"a":-0.5}}"#, "-0.5 mL of `a`"),
            (r#"{"ended_s":1e300}"#, "`ended_s` is 1e300 s, lab time runs from 0 to 1e10 s"),
            (r#"{"started_s":-1.0}"#, "`started_s` is -1 s"),
            (
                r#"{"started_s":90,"ended_s":50.5}"#,
                "`ended_s` is 50.5 s, before `started_s`, which is 90 s",
            ),
        ] {
            let found = nonsense(&line(text)).expect(text);
            assert!(found.contains(expected), "{found}");
        }
        let fine = r#"{"outcome":9.91e37,"features":{"a":null,"b":-1e-300},"ended_s":0.0}"#;
        assert_eq!(nonsense(&line(fine)), None);
    }
}
