//! The few things that SVG text needs.

/// A coordinate \[px\], to a hundredth, without trailing zeros.
pub(crate) fn px(x: f64) -> String {
    let text = format!("{x:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// Text that may stand between tags or in an attribute.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// How wide a text of this font size is at most \[px\], in the usual fonts.
///
/// A page is shown in the font that a reader has. These widths are those of DejaVu Sans, rounded up: it is the widest font
/// that is a default somewhere. A text that has room in it has room in Arial, Inter and Segoe UI.
pub(crate) fn text_width(text: &str, font_px: f64) -> f64 {
    let em = |c: char| match c {
        'i' | 'l' | 'j' | '\'' => 0.28,
        '.' | ',' | ' ' | '\u{202f}' => 0.32,
        ':' | ';' | '|' | '/' | 'I' | 'J' => 0.34,
        'f' | 't' | 'r' | '-' | '(' | ')' | '[' | ']' => 0.42,
        'w' | '+' | '−' | '=' | '<' | '>' | '±' | '×' | '≤' | '≥' | '~' => 0.84,
        'm' | 'M' | 'W' | '%' | '@' | '…' => 1.0,
        c if c.is_uppercase() => 0.79,
        _ => 0.64,
    };
    text.chars().map(em).sum::<f64>() * font_px
}

/// The text if it is at most this wide \[px\], else its beginning and an ellipsis.
pub(crate) fn shortened(text: &str, font_px: f64, widest_px: f64) -> String {
    if text_width(text, font_px) <= widest_px {
        return text.to_owned();
    }
    let mut kept = text.to_owned();
    while kept.pop().is_some() && text_width(&kept, font_px) + font_px > widest_px {}
    kept.truncate(kept.trim_end().len());
    kept + "…"
}

/// A path through points \[px\], rounded, with no point twice in a row.
pub(crate) fn path(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut out = String::new();
    let mut last = String::new();
    for (x, y) in points {
        let step = format!("{} {}", px(x), px(y));
        if step != last {
            out.push(if out.is_empty() { 'M' } else { 'L' });
            out.push_str(&step);
        }
        last = step;
    }
    out
}
