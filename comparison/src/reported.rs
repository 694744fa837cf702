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
    /// What is against it, in full; none where it passes.
    pub problem: Option<String>,
    /// The same in a line.
    pub reason: Option<String>,
    /// Line of the file, where the mistake has one, from 1.
    pub line: Option<usize>,
}

impl Case {
    /// What is against it, in a line.
    fn in_a_line(&self) -> &str {
        let first = || self.problem.as_deref()?.lines().next();
        self.reason.as_deref().or_else(first).unwrap_or_default().trim()
    }
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
    for case in cases {
        let Case { file, name, problem, .. } = case;
        let head = format!("  <testcase classname=\"{}\" name=\"{}\"", xml(file), xml(name));
        let _ = match problem {
            None => writeln!(out, "{head}/>"),
            Some(problem) => {
                writeln!(
                    out,
                    "{head}>\n    <failure message=\"{}\">{}</failure>\n  </testcase>",
                    xml(case.in_a_line()),
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
    for Case { file, name, problem, line, .. } in cases {
        if let Some(problem) = problem {
            let (file, title) = (property(file), property(name));
            let line = line.map_or(String::new(), |line| format!(",line={line}"));
            let _ = writeln!(out, "::error file={file}{line},title={title}::{}", data(problem));
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
            reason: problem.map(|_| "pli & more".to_owned()),
            line: problem.map(|_| 3),
        };
        vec![case("good", None), case("bad", Some("pli moves by 3 %\n  a < b & c"))]
    }

    #[test]
    fn junit_counts_and_escapes() {
        let text = junit(&cases());
        assert!(text.contains("tests=\"2\" failures=\"1\""), "{text}");
        assert!(text.contains("<testcase classname=\"scenarios/good.toml\" name=\"good\"/>"));
        assert!(text.contains("<failure message=\"pli &amp; more\">"));
        assert!(text.contains("a &lt; b &amp; c</failure>"));
    }

    #[test]
    fn an_annotation_is_one_line() {
        let text = annotations(&cases());
        let expected =
            "::error file=scenarios/bad.toml,line=3,title=bad::pli moves by 3 %25%0A  a < b & c\n";
        assert_eq!(text, expected);
    }
}
