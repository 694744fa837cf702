//! What the readers of TOML and JSON say of a value, in the words of those who write files.

use std::fmt::Display;

/// A complaint of serde without words of programmers: files have keys, and a value is text, a number, true or false, a list or a table.
///
/// Whatever else a complaint says stays as it is: its other lines, and where it found the value.
///
/// ```
/// let theirs = "invalid type: string \"120\", expected f64";
/// assert_eq!(flowtwin_lab::in_plain_words(theirs), "text \"120\", expected a number");
/// ```
pub fn in_plain_words(complaint: &(impl Display + ?Sized)) -> String {
    complaint.to_string().split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn line(line: &str) -> String {
    // JSON says where behind what it says.
    let (said, place) = match line.rfind(" at line ").or_else(|| line.rfind(" at column ")) {
        Some(at) => line.split_at(at),
        None => (line, ""),
    };
    let kinds = ["invalid type: ", "invalid value: "];
    if let Some(said) = kinds.iter().find_map(|kind| said.strip_prefix(kind)) {
        return match said.rsplit_once(", expected ") {
            Some((found, wanted)) => {
                format!("{}, expected {}{place}", as_found(found), as_wanted(wanted))
            }
            None => format!("{}{place}", as_found(said)),
        };
    }
    if let Some(said) = said.strip_prefix("invalid length ") {
        return match said.split_once(", expected ") {
            Some((_, wanted)) if as_wanted(wanted) == "a table" => {
                format!("a list, expected a table{place}")
            }
            Some((length, wanted)) => {
                format!("a list of {length}, expected {}{place}", as_wanted(wanted))
            }
            None => format!("a list of {said}{place}"),
        };
    }
    let words = [
        ("unknown field ", "unknown key "),
        ("missing field ", "missing key "),
        ("unknown variant ", "unknown word "),
    ];
    let ours = words.iter().find_map(|(theirs, ours)| Some((ours, said.strip_prefix(theirs)?)));
    if let Some((ours, rest)) = ours {
        let none = ["there are no fields", "there are no variants"];
        let rest =
            none.iter().fold(rest.to_owned(), |rest, none| rest.replace(none, "there is none"));
        return format!("{ours}{rest}{place}");
    }
    match said.strip_prefix("duplicate field ") {
        Some(name) => format!("the key {name} is there twice{place}"),
        None => line.to_owned(),
    }
}

/// What was found.
fn as_found(found: &str) -> String {
    let starts = [
        ("integer `", "number `"),
        ("floating point `", "number `"),
        ("boolean `", "`"),
        ("string \"", "text \""),
        ("character `", "text `"),
    ];
    let start = starts
        .iter()
        .find_map(|(theirs, ours)| Some(format!("{ours}{}", found.strip_prefix(theirs)?)));
    let whole = match found {
        "sequence" | "tuple variant" => "a list",
        "map" | "struct variant" => "a table",
        "unit variant" => "a word alone",
        "newtype variant" => "a word with a value",
        "unit value" | "Option value" => "nothing",
        other => other,
    };
    start.unwrap_or_else(|| whole.to_owned())
}

/// What was expected.
fn as_wanted(wanted: &str) -> String {
    let list = |of: &str| of.split_whitespace().next().map(|n| format!("a list of {n} values"));
    let lists = ["an array of length ", "a tuple of size ", "tuple of "];
    if let Some(list) = lists.iter().find_map(|start| wanted.strip_prefix(start)).and_then(list) {
        return list;
    }
    let plain = match wanted {
        "a map" | "map" => "a table",
        "a sequence" | "sequence" => "a list",
        "a string" | "string" | "a borrowed string" | "str" => "text",
        "a boolean" | "bool" => "true or false",
        "f32" | "f64" => "a number",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0 on",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a nonzero u64" | "a nonzero usize" => "a whole number from 1 on",
        "string or map" | "string or table" => "a word or a table",
        "variant identifier" => "a word",
        "field identifier" => "a key",
        "unit" => "nothing",
        _ if wanted.starts_with("struct ") => "a table",
        _ if wanted == "enum" || wanted.starts_with("enum ") => "a word or a table",
        other => other,
    };
    plain.to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde::de::DeserializeOwned;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Pump {
        bore_mm: f64,
        #[serde(default)]
        digits: u16,
        #[serde(default)]
        ends: [f32; 2],
        #[serde(default)]
        runs: bool,
        #[serde(default)]
        kind: Kind,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only read")]
    enum Kind {
        #[default]
        Plain,
        Wide(f64),
    }

    fn said<T: DeserializeOwned + std::fmt::Debug>(json: &str) -> String {
        let plain = in_plain_words(&serde_json::from_str::<T>(json).unwrap_err());
        let (said, place) = plain.split_once(" at line 1 column ").expect("JSON says where");
        assert!(place.parse::<u32>().is_ok(), "{plain}");
        said.to_owned()
    }

    #[test]
    fn what_a_table_may_not_hold_is_told_in_plain_words() {
        let told = [
            (r#"3"#, "number `3`, expected a table"),
            (r#"[]"#, "a list, expected a table"),
            (r#"{}"#, "missing key `bore_mm`"),
            (r#"{"bore_mm":"5, mm"}"#, r#"text "5, mm", expected a number"#),
            (r#"{"bore_mm":[1]}"#, "a list, expected a number"),
            (r#"{"bore_mm":{}}"#, "a table, expected a number"),
            (r#"{"bore_mm":true}"#, "`true`, expected a number"),
            (r#"{"digits":-1}"#, "number `-1`, expected a whole number from 0 to 65535"),
            (r#"{"digits":0.5}"#, "number `0.5`, expected a whole number from 0 to 65535"),
            (r#"{"ends":[1]}"#, "a list of 1, expected a list of 2 values"),
            (r#"{"ends":7}"#, "number `7`, expected a list of 2 values"),
            (r#"{"runs":"yes"}"#, r#"text "yes", expected true or false"#),
            (r#"{"kind":"broad"}"#, "unknown word `broad`, expected `plain` or `wide`"),
            (
                r#"{"bore":1}"#,
                "unknown key `bore`, expected one of `bore_mm`, `digits`, `ends`, `runs`, `kind`",
            ),
            (r#"{"bore_mm":1,"bore_mm":2}"#, "the key `bore_mm` is there twice"),
        ];
        for (json, plain) in told {
            assert_eq!(said::<Pump>(json), plain, "{json}");
        }
        assert_eq!(said::<BTreeMap<String, f64>>("[1]"), "a list, expected a table");
        assert_eq!(said::<Vec<String>>("{}"), "a table, expected a list");
        let theirs = "invalid type: map, expected enum";
        assert_eq!(in_plain_words(theirs), "a table, expected a word or a table");
    }

    #[test]
    fn what_is_no_complaint_about_a_value_stays_as_it_is() {
        for said in [
            "key with no value, expected `=`",
            "",
            "rig.pumps.a.bore_mm is 0 mm: it must be 0.103 to 40 mm",
        ] {
            assert_eq!(in_plain_words(said), said);
        }
        let lines = "TOML parse error at line 4, column 1\n  |\n4 | lanp = 1\n  | ^^^^\nunknown field `lanp`, expected `lamp`\n";
        let plain = lines.replace("field", "key");
        assert_eq!(in_plain_words(lines), plain);
    }
}
