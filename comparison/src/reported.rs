//! Results of checks in the forms that services of continuous integration read.

use std::fmt::Write as _;

use flowtwin_report::page::escape;

/// One scenario that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The file.
    pub file: String,
    /// Name of the scenario; the file where it has none.
    pub name: String,
    /// The reason against it; none where it passes.
    pub problem: Option<String>,
}

/// The results as JUnit XML.
pub fn junit(cases: &[Case]) -> String {
    let failed = cases.iter().filter(|case| case.problem.is_some()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuite name=\"flowtwin\" tests=\"{}\" failures=\"{failed}\">",
        cases.len()
    );
    for Case { file, name, problem } in cases {
        let head = format!("  <testcase classname=\"{}\" name=\"{}\"", xml(file), xml(name));
        let _ = match problem {
            None => writeln!(out, "{head}/>"),
            Some(problem) => {
                let first = problem.lines().next().unwrap_or_default().trim();
                writeln!(
                    out,
                    "{head}>\n    <failure message=\"{}\">{}</failure>\n  </testcase>",
                    xml(first),
                    xml(problem)
                )
            }
        };
    }
    out + "</testsuite>\n"
}

/// Text in XML; what XML cannot hold is left out.
fn xml(text: &str) -> String {
    let can_be = |c: &char| matches!(c, '\n' | '\t') || !c.is_control();
    escape(&text.chars().filter(can_be).collect::<String>())
}

/// The failures as annotations of GitHub Actions, a line each.
pub fn annotations(cases: &[Case]) -> String {
    let mut out = String::new();
    for Case { file, name, problem } in cases {
        if let Some(problem) = problem {
            let (file, title) = (property(file), property(name));
            let _ = writeln!(out, "::error file={file},title={title}::{}", data(problem));
        }
    }
    out
}

/// The text of an annotation.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of an annotation.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases() -> Vec<Case> {
        let case = |name: &str, problem: Option<&str>| Case {
            file: format!("scenarios/{name}.toml"),
            name: name.into(),
            problem: problem.map(str::to_owned),
        };
        vec![case("good", None), case("bad", Some("pli moves by 3 %\n  a < b & c"))]
    }

    #[test]
    fn junit_counts_and_escapes() {
        let text = junit(&cases());
        assert!(text.contains("tests=\"2\" failures=\"1\""), "{text}");
        assert!(text.contains("<testcase classname=\"scenarios/good.toml\" name=\"good\"/>"));
        assert!(text.contains("<failure message=\"pli moves by 3 %\">"));
        assert!(text.contains("a &lt; b &amp; c</failure>"));
    }

    #[test]
    fn an_annotation_is_one_line() {
        let text = annotations(&cases());
        let expected =
            "::error file=scenarios/bad.toml,title=bad::pli moves by 3 %25%0A  a < b & c\n";
        assert_eq!(text, expected);
    }
}
