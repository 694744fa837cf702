//! What a browser is told of a line of a journal.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

/// What the page shows of the scenario in a header. The rest, such as names of files, stays here.
const SHOWN: [&str; 8] =
    ["title", "description", "objective", "objectives", "limits", "space", "phases", "stocks"];

/// A line as the page needs it: spectra and references, which are long, are left out, and fetched when they are looked at;
/// of a scenario there is only what is shown. A line that is no record is told as it is.
pub(crate) fn told(line: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(line);
    let kind = |kind: &str| text.contains(&format!("\"record\":{{\"{kind}\":"));
    if !(kind("header") || kind("blank") || kind("experiment")) {
        return text;
    }
    match serde_json::from_str(&text).ok().and_then(shortened) {
        Some(short) => Cow::Owned(short.to_string()),
        None => text,
    }
}

fn shortened(mut line: Value) -> Option<Value> {
    let record = line.get_mut("record")?.as_object_mut()?;
    if let Some(header) = record.get_mut("header") {
        let definition = header.get_mut("definition")?;
        let known = |key: &&str| definition.get(key).map(|value| ((*key).into(), value.clone()));
        *definition = SHOWN.iter().filter_map(known).collect::<Map<_, _>>().into();
    }
    if let Some(blank) = record.get_mut("blank") {
        *blank.get_mut("reference")? = json!([]);
    }
    if let Some(spectra) = record.get_mut("experiment").and_then(|e| e.get_mut("spectra")) {
        for spectrum in spectra.as_array_mut()? {
            *spectrum.get_mut("values")? = json!([]);
        }
    }
    Some(line)
}

/// An event of a stream: its number, by which a browser goes on after it, and its text.
pub(crate) fn event(id: u64, text: &str) -> String {
    // A text with line ends would end the event; a journal's lines have none.
    let text = text.replace(['\r', '\n'], " ");
    format!("id: {id}\ndata: {text}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spectra_and_what_is_not_shown_of_a_scenario_are_left_out() {
        let line = br#"{"n":1,"prev":"a","record":{"experiment":{"experiment":1,"spectra":[{"name":"uv","unit":"AU","values":[0.1,0.2]}]}}}"#;
        let short = told(line);
        assert!(short.contains(r#""values":[]"#) && short.contains(r#""name":"uv""#), "{short}");
        let line = br#"{"n":0,"prev":"0","record":{"header":{"seed":1,"definition":{"title":"t","prior":[{"data":"/home/somebody/old.csv"}]}}}}"#;
        let short = told(line);
        assert!(short.contains(r#""title":"t""#) && !short.contains("somebody"), "{short}");
        let line = br#"{"n":0,"prev":"0","record":{"blank":{"at_ns":5,"reference":[[1.0,2.0]]}}}"#;
        assert!(told(line).contains(r#""reference":[]"#));
    }

    #[test]
    fn whatever_stands_in_a_journal_one_line_is_one_event() {
        assert_eq!(event(7, "a\nid: 9\r\n\rb"), "id: 7\ndata: a id: 9   b\n\n");
        for broken in [&b"no json"[..], b"{\"record\":{\"header\":", b"\xff\xfe", b""] {
            let told = event(1, &told(broken));
            assert_eq!(told.matches('\n').count(), 3, "{told:?}");
        }
    }
}
