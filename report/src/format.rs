//! Numbers as people read them: three or four significant digits, thin spaces from 10 000 on.

/// Narrow no-break space: between groups of three digits, and between a number and its unit.
pub(crate) const THIN: char = '\u{202f}';

/// The mark for a missing number.
pub(crate) const NONE: &str = "–";

/// A number with this many significant digits, never fewer than its integer part has.
///
/// Below 0.0001 and from 10⁷ on in powers of ten. Trailing zeros stay: they are significant.
pub fn significant(x: f64, digits: usize) -> String {
    if !x.is_finite() {
        return NONE.into();
    }
    if x == 0.0 {
        return "0".into();
    }
    let (mantissa, exponent) = scientific(x, digits);
    if !(-4..7).contains(&exponent) {
        return format!("{}{THIN}×{THIN}10{}", minus(&mantissa), superscript(exponent));
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    fixed(x, decimals)
}

/// Mantissa and exponent of `x`, rounded to this many digits.
fn scientific(x: f64, digits: usize) -> (String, i32) {
    let text = format!("{x:.*e}", digits.saturating_sub(1));
    let (mantissa, exponent) = text.split_once('e').expect("this format has an exponent");
    (mantissa.to_owned(), exponent.parse().expect("the exponent is an integer"))
}

fn superscript(n: i32) -> String {
    let digit = |c: char| match c {
        '-' => '⁻',
        c => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][c as usize - '0' as usize],
    };
    n.to_string().chars().map(digit).collect()
}

fn minus(text: &str) -> String {
    text.replacen('-', "−", 1)
}

/// A number with this many decimals and thin spaces between thousands from 10 000 on; from 10¹² on in powers of ten.
pub fn fixed(x: f64, decimals: usize) -> String {
    if !x.is_finite() {
        return NONE.into();
    }
    if x.abs() >= 1e12 {
        return significant(x, 4);
    }
    let text = format!("{x:.decimals$}");
    let text =
        if text.trim_matches(['-', '0', '.']).is_empty() { text.replace('-', "") } else { text };
    let (sign, rest) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("−", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(w, f)| (w, Some(f)));
    let mut out = String::from(sign);
    for (i, digit) in whole.chars().enumerate() {
        let left = whole.len() - i;
        if i > 0 && left.is_multiple_of(3) && whole.len() > 4 {
            out.push(THIN);
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// A number as it was set: up to six significant digits, no trailing zeros.
pub fn plain(x: f64) -> String {
    let text = significant(x, 6);
    match text.contains('.') && !text.contains('×') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A count.
pub fn count(n: usize) -> String {
    fixed(n as f64, 0)
}

/// A count with its noun: `1 experiment`, `2 experiments`.
pub fn counted(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A sentence with a capital at its beginning.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// A number and its unit; `°C` and `%` as closely as SI writes them.
pub fn with_unit(number: &str, unit: &str) -> String {
    if unit.is_empty() { number.to_owned() } else { format!("{number}{THIN}{unit}") }
}

/// A length of time in its two largest units: `12 h 24 min`, `3 min 5 s`, `8.2 s`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return NONE.into();
    }
    if seconds < 59.95 {
        return format!("{}{THIN}s", significant(seconds, if seconds < 10.0 { 2 } else { 3 }));
    }
    let pair = |large: u64, a: &str, small: u64, b: &str| match small {
        0 => format!("{large}{THIN}{a}"),
        _ => format!("{large}{THIN}{a} {small}{THIN}{b}"),
    };
    let minutes = (seconds / 60.0).round() as u64;
    match seconds.round() as u64 {
        s if s < 600 => pair(s / 60, "min", s % 60, "s"),
        _ if minutes < 48 * 60 => match minutes / 60 {
            0 => format!("{minutes}{THIN}min"),
            hours => pair(hours, "h", minutes % 60, "min"),
        },
        s => {
            let hours = s.div_ceil(1800) / 2;
            pair(hours / 24, "d", hours % 24, "h")
        }
    }
}

/// A share as a percentage, to a tenth below ten: `2.5 %`, `12 %`.
pub fn share(share: f64) -> String {
    let percent = 100.0 * share;
    let decimals = if percent.abs() < 9.95 { 1 } else { 0 };
    with_unit(&fixed(percent, decimals), "%")
}

/// The difference of a ratio from one, as a percentage with a sign: `+12 %`.
pub fn change(ratio: f64) -> String {
    let sign = if ratio > 1.0 { "+" } else { "" };
    format!("{sign}{}", share(ratio - 1.0))
}

/// A value as people read it: a number without trailing zeros, or the name of an option.
pub fn said(word: flowtwin_lab::Word<'_>) -> String {
    match word {
        flowtwin_lab::Word::Number(value) => plain(value),
        flowtwin_lab::Word::Name(name) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_significant_digits() {
        assert_eq!(significant(0.114_689, 4), "0.1147");
        assert_eq!(significant(2979.96, 4), "2980");
        assert_eq!(significant(149.95, 4), "149.9");
        assert_eq!(significant(9.9999, 3), "10.0");
        assert_eq!(significant(-0.5, 2), "−0.50");
        assert_eq!(significant(0.0, 3), "0");
        assert_eq!(significant(f64::NAN, 3), "–");
        assert_eq!(plain(27.0), "27");
        assert_eq!(plain(118.30), "118.3");
    }

    #[test]
    fn thousands_are_grouped_from_five_digits_on() {
        assert_eq!(significant(60_000.4, 4), "60\u{202f}000");
        assert_eq!(fixed(1_234_567.25, 1), "1\u{202f}234\u{202f}567.2");
        assert_eq!(fixed(-0.001, 1), "0.0");
        assert_eq!(significant(3.14e-9, 3), "3.14\u{202f}×\u{202f}10⁻⁹");
    }

    #[test]
    fn times_read_as_people_say_them() {
        assert_eq!(duration(8.24), "8.2\u{202f}s");
        assert_eq!(duration(59.97), "1\u{202f}min");
        assert_eq!(duration(185.0), "3\u{202f}min 5\u{202f}s");
        assert_eq!(duration(44_640.0), "12\u{202f}h 24\u{202f}min");
        assert_eq!(duration(3_600.0), "1\u{202f}h");
        assert_eq!(duration(200_000.0), "2\u{202f}d 8\u{202f}h");
    }

    #[test]
    fn changes_carry_their_sign() {
        assert_eq!(change(1.123), "+12\u{202f}%");
        assert_eq!(change(0.988), "−1.2\u{202f}%");
    }
}
