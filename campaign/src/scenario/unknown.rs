//! Hints for misspelt keys.

use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::in_plain_words;

/// Endings that name a unit, longest first.
const UNITS: [&str; 36] = [
    "_ul_per_min",
    "_ml_per_min",
    "_ul_per_s",
    "_per_min",
    "_per_s",
    "_per_m",
    "_per_k",
    "_kj_per_mol",
    "_fraction",
    "_percent",
    "_mol_per_l",
    "_counts",
    "_min",
    "_mm",
    "_um",
    "_nm",
    "_ml",
    "_ul",
    "_mm2",
    "_mol",
    "_ev",
    "_us",
    "_ms",
    "_ns",
    "_kg",
    "_mm3",
    "_mM",
    "_mm_per_s",
    "_pa",
    "_s",
    "_h",
    "_c",
    "_k",
    "_w",
    "_m",
    "_l",
];

/// Keys that journals have and nobody writes.
const OF_JOURNALS: [&str; 2] = ["study", "believed"];

/// What is said of a flow path that leads back.
const NO_RECYCLE: &str = "a recycle cannot be simulated: liquid passes every stretch once, in one direction. What comes back can be fed as a stock of its own";

/// Adds what was probably meant to a complaint of serde about an unknown key or choice.
///
/// The unit is part of a key, so a key with another unit is the likeliest slip; a few letters the next.
pub(crate) fn explain(diagnostic: Diagnostic) -> Diagnostic {
    let diagnostic = Diagnostic { message: for_people(&diagnostic.message), ..diagnostic };
    let known = quoted(&diagnostic.message);
    let Some((unknown, known)) = known.split_first() else {
        return diagnostic;
    };
    if !diagnostic.message.starts_with("unknown") {
        return diagnostic;
    }
    if ["recycl", "recirc"].iter().any(|word| unknown.to_lowercase().contains(word)) {
        return diagnostic.hint(NO_RECYCLE);
    }
    match nearest(unknown, known) {
        Some((meant, true)) => {
            let hint =
                format!("the unit is part of the key: give `{meant}`, converted to that unit");
            diagnostic.hint(hint)
        }
        Some((meant, false)) => diagnostic.hint(format!("did you mean `{meant}`?")),
        None => diagnostic,
    }
}

/// A complaint of serde in plain words, without the keys that nobody writes.
fn for_people(message: &str) -> String {
    OF_JOURNALS.iter().fold(in_plain_words(message), without)
}

/// A complaint about an unknown key whose list of known ones does without this one.
fn without(message: String, key: &&str) -> String {
    match message.split_once("expected one of ") {
        Some((before, list)) if message.starts_with("unknown key") => {
            let wanted = format!("`{key}`");
            let known: Vec<&str> = list.split(", ").filter(|known| *known != wanted).collect();
            format!("{before}expected one of {}", known.join(", "))
        }
        _ => message,
    }
}

/// The known key nearest to `key`, and whether only the unit differs.
pub fn nearest<'a, S: AsRef<str>>(key: &str, known: &'a [S]) -> Option<(&'a str, bool)> {
    let other_unit = |k: &&str| stem(k) == stem(key) && *k != key;
    match known.iter().map(AsRef::as_ref).find(other_unit) {
        Some(meant) => Some((meant, true)),
        None => flowtwin_lab::nearest(key, known).map(|meant| (meant, false)),
    }
}

/// A key without its unit.
pub(super) fn stem(key: &str) -> &str {
    UNITS.iter().find_map(|unit| key.strip_suffix(unit)).unwrap_or(key)
}

/// The words between backticks.
fn quoted(message: &str) -> Vec<String> {
    message.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_unit_is_the_likeliest_slip() {
        let known = ["settle_s", "seed", "wait_factor"];
        assert_eq!(nearest("settle_min", &known), Some(("settle_s", true)));
        assert_eq!(nearest("sede", &known), Some(("seed", false)));
        assert_eq!(nearest("zebra", &known), None);
    }

    #[test]
    fn a_recycle_is_refused_in_words() {
        for key in ["recycle", "recirculates_to", "Recycle_from"] {
            let told = explain(Diagnostic::new(format!(
                "unknown field `{key}`, expected one of `name`, `bore_mm`"
            )));
            let text = told.to_string();
            assert!(text.contains("a recycle cannot be simulated"), "{text}");
        }
    }

    #[test]
    fn keys_that_nobody_writes_are_not_proposed() {
        let told =
            for_people("unknown field `studi`, expected one of `phases`, `study`, `snapshot`");
        assert_eq!(told, "unknown key `studi`, expected one of `phases`, `snapshot`");
        let own = for_people("unknown field `study`, expected one of `schema`, `study`");
        assert_eq!(own, "unknown key `study`, expected one of `schema`");
    }
}
