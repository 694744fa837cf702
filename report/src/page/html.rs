//! The parts that every page has.

pub use crate::plot::svg::escape;
use crate::plot::svg::px;
use crate::plot::{Colour, Style};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = concat!(include_str!("figures.js"), include_str!("experiments.js"));

/// Width of a chart that fills the page \[px\].
pub(crate) const WIDE: f64 = 920.0;
/// Width of one of two charts beside each other \[px\].
pub(crate) const HALF: f64 = 440.0;
/// Width of one of four charts beside each other \[px\].
pub(crate) const QUARTER: f64 = 215.0;

/// A page under construction.
#[derive(Debug)]
pub struct Page {
    title: String,
    kicker: String,
    lead: String,
    simulated: bool,
    body: String,
    data: String,
}

impl Page {
    /// An empty page; one of simulated results is marked at its head, on every sheet and in every figure.
    pub fn new(title: &str, simulated: bool) -> Self {
        let (kicker, lead, body, data) = Default::default();
        Self { title: title.into(), kicker, lead, simulated, body, data }
    }

    /// The small line above the title.
    pub fn kicker(&mut self, text: &str) {
        self.kicker = text.into();
    }

    /// The headline.
    pub fn lead(&mut self, text: &str) {
        self.lead = text.into();
    }

    /// Adds HTML at the end.
    pub fn push(&mut self, html: &str) {
        self.body.push_str(html);
    }

    /// Numbers for the script of the page, as JSON.
    pub(crate) fn data(&mut self, json: &str) {
        // Nothing in it may end the element.
        let json = json.replace('<', "\\u003c");
        self.data = format!("<script type=\"application/json\" id=\"data\">{json}</script>\n");
    }

    /// The whole document.
    pub fn finish(&self) -> String {
        let (title, kicker) = (escape(&self.title), escape(&self.kicker));
        let mark = if self.simulated {
            "<p class=\"mark\"><strong>SIMULATED</strong> Every number on this page comes from a simulation; nothing was measured.</p>\n"
        } else {
            ""
        };
        let sheet = css_string(&format!(
            "{}{}",
            if self.simulated { "SIMULATED · " } else { "" },
            if self.kicker.is_empty() { &self.title } else { &self.kicker }
        ));
        let sheets = format!("@page{{@top-right{{content:{sheet}}}}}");
        let lead = match self.lead.as_str() {
            "" => String::new(),
            lead => format!("<p class=\"lead\">{}</p>\n", escape(lead)),
        };
        let (body, data) = (&self.body, &self.data);
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>\n{STYLE}{sheets}\n</style>\n</head>\n<body>\n<main>\n\
             <header>\n<p class=\"kicker\">{kicker}</p>\n<h1>{title}</h1>\n{lead}{mark}</header>\n\
             {body}</main>\n<div id=\"tip\" role=\"status\" hidden></div>\n{data}<script>\n{SCRIPT}</script>\n</body>\n</html>\n"
        )
    }
}

/// A string in a style sheet.
fn css_string(text: &str) -> String {
    let keep = |c: char| !matches!(c, '"' | '\\' | '<' | '\n' | '\r');
    format!("\"{}\"", text.chars().filter(|&c| keep(c)).collect::<String>())
}

/// A part of a page under a heading.
pub fn section(id: &str, title: &str, body: &str) -> String {
    format!("<section id=\"{id}\">\n<h2>{}</h2>\n{body}</section>\n", escape(title))
}

/// A figure: what it shows, how to read it, and its charts. `body` is HTML.
pub fn figure(title: &str, note: &str, legend: &Legend, body: &str) -> String {
    let note =
        if note.is_empty() { String::new() } else { format!("<span>{}</span>", escape(note)) };
    format!(
        "<figure>\n<figcaption><b>{}</b>{note}</figcaption>\n{}{body}</figure>\n",
        escape(title),
        legend.html()
    )
}

/// Figures beside each other where there is room.
pub fn pair(figures: &[String]) -> String {
    format!("<div class=\"pair\">\n{}</div>\n", figures.concat())
}

/// Charts beside each other, as many as there is room for.
pub(crate) fn small(charts: &[String]) -> String {
    format!("<div class=\"small\">\n{}</div>\n", charts.concat())
}

/// Key figures, each with what it is.
pub fn tiles(figures: &[(String, String)]) -> String {
    let tile = |(value, what): &(String, String)| {
        format!("<div><b>{}</b><span>{}</span></div>\n", escape(value), escape(what))
    };
    format!("<div class=\"tiles\">\n{}</div>\n", figures.iter().map(tile).collect::<String>())
}

/// What colours and shapes stand for.
#[derive(Clone, Debug, Default)]
pub struct Legend {
    entries: Vec<(Style, String, bool)>,
}

impl Legend {
    /// Adds an entry.
    pub fn push(&mut self, style: Style, name: &str) {
        self.entries.push((style, name.into(), false));
    }

    /// Adds an entry for outlines.
    pub fn push_hollow(&mut self, style: Style, name: &str) {
        self.entries.push((style, name.into(), true));
    }

    fn html(&self) -> String {
        if self.entries.len() < 2 {
            return String::new();
        }
        let entry = |(style, name, hollow): &(Style, String, bool)| {
            let (colour, paper) = (style.colour.0, Colour::PAPER.0);
            let paint = if *hollow {
                format!("fill=\"{paper}\" stroke=\"{colour}\" stroke-width=\"1.4\"")
            } else {
                format!("fill=\"{colour}\"")
            };
            format!(
                "<li><svg width=\"12\" height=\"12\" viewBox=\"-{0} -{0} 12 12\" aria-hidden=\"true\"><path d=\"{1}\" {paint}/></svg>{2}</li>",
                px(6.0),
                style.shape.path(4.0),
                escape(name)
            )
        };
        format!(
            "<ul class=\"legend\">{}</ul>\n",
            self.entries.iter().map(entry).collect::<String>()
        )
    }
}
