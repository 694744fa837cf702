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

/// How wide a text of this font size is, about \[px\].
pub(crate) fn text_width(text: &str, font_px: f64) -> f64 {
    let em = |c: char| match c {
        'i' | 'l' | 'j' | '.' | ',' | ':' | ';' | '\'' | '|' | '(' | ')' | '[' | ']' | ' ' => 0.3,
        'f' | 't' | 'r' | '/' | '-' => 0.37,
        'm' | 'w' | 'M' | 'W' | '%' => 0.86,
        '\u{202f}' => 0.2,
        c if c.is_uppercase() => 0.68,
        _ => 0.56,
    };
    text.chars().map(em).sum::<f64>() * font_px
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
