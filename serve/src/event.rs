//! What a browser receives of a line of a journal.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::place::Place;

/// What the page shows of the scenario in a header. The rest, such as names of files, stays here.
const SHOWN: [&str; 5] = ["title", "objective", "objectives", "limits", "phases"];

/// What the page shows of an input.
const INPUT: [&str; 2] = ["low", "high"];

/// What the page shows of a channel of spectra.
const CHANNEL: [&str; 2] = ["name", "spectrometer"];

/// The measures of features that the page puts into words.
const MEASURES: [&str; 4] = ["value_at", "peak_height", "peak_position", "peak_width"];

/// A line as the page needs it: spectra and references, which are long, are left out, and fetched when they are looked at;
/// of a scenario there is only what is shown. A line that is not a record is sent as it is.
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
        let channels = definition["analysis"]["channels"].as_array();
        let channels: Option<Value> =
            channels.map(|all| all.iter().map(|channel| only(&CHANNEL, channel)).collect());
        let inputs = definition["space"]["inputs"].as_object();
        let range = |(name, input): (&String, &Value)| (name.clone(), only(&INPUT, input));
        let inputs: Option<Map<String, Value>> = inputs.map(|all| all.iter().map(range).collect());
        let features = definition["analysis"]["features"].as_array();
        let features: Option<Value> = features.map(|all| all.iter().map(feature).collect());
        *definition = only(&SHOWN, definition);
        if let Some(inputs) = inputs {
            definition["space"] = json!({ "inputs": inputs });
        }
        if let Some(channels) = channels {
            definition["analysis"] = json!({ "channels": channels });
            if let Some(features) = features {
                definition["analysis"]["features"] = features;
            }
        }
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

/// How a feature is measured, if that can be told in a few words.
fn feature(of: &Value) -> Value {
    let mut feature = only(&["name", "channel", "measure"], of);
    if let Some(measure) = feature.get_mut("measure") {
        *measure = only(&MEASURES, measure);
    }
    feature
}

/// Some keys of an object alone.
fn only(keys: &[&str], of: &Value) -> Value {
    let known = |key: &&str| Some(((*key).into(), of.get(key)?.clone()));
    keys.iter().filter_map(known).collect::<Map<_, _>>().into()
}

/// An event of a stream: its number, by which a browser goes on after it, and its text.
pub(crate) fn event(id: Place, text: &str) -> String {
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
        let line = br#"{"n":0,"prev":"0","record":{"header":{"definition":{"analysis":{"features":[],"channels":[{"name":"pl","spectrometer":"vis","dark":3}]}}}}}"#;
        let channels =
            r#""analysis":{"channels":[{"name":"pl","spectrometer":"vis"}],"features":[]}"#;
        assert!(told(line).contains(channels), "{}", told(line));
        let line = br#"{"n":0,"prev":"0","record":{"header":{"definition":{"analysis":{"channels":[],"features":[
            {"name":"a","channel":"pl","measure":{"value_at":{"nm":300}}},{"name":"b","channel":"pl","measure":{"shape":"/home/somebody/s.csv"}}]}}}}}"#;
        let features = r#"[{"name":"a","channel":"pl","measure":{"value_at":{"nm":300}}},{"name":"b","channel":"pl","measure":{}}]"#;
        assert!(told(line).contains(features), "{}", told(line));
        let line = br#"{"n":0,"prev":"0","record":{"header":{"definition":{"space":{"inputs":{"a_c":{"low":20,"high":80,"descriptors":"/home/somebody/d.csv"}}}}}}}"#;
        let ranges = r#""definition":{"space":{"inputs":{"a_c":{"low":20,"high":80}}}}"#;
        assert!(told(line).contains(ranges), "{}", told(line));
        let line = br#"{"n":0,"prev":"0","record":{"blank":{"at_ns":5,"reference":[[1.0,2.0]]}}}"#;
        assert!(told(line).contains(r#""reference":[]"#));
    }

    #[test]
    fn whatever_stands_in_a_journal_one_line_is_one_event() {
        let place = Place::of(3, b"...");
        let one = format!("id: {place}\ndata: a id: 9   b\n\n");
        assert_eq!(event(place, "a\nid: 9\r\n\rb"), one);
        for broken in [&b"no json"[..], b"{\"record\":{\"header\":", b"\xff\xfe", b""] {
            let told = event(place, &told(broken));
            assert_eq!(told.matches('\n').count(), 3, "{told:?}");
        }
    }
}
