use proptest::prelude::*;

use super::*;

fn plain(text: &str) -> f64 {
    let nothing: [&str; 0] = [];
    Formula::parse(text).unwrap().bind_plain(&nothing).unwrap().at(&[])
}

fn parse_error(text: &str) -> String {
    Formula::parse(text).unwrap_err().to_string()
}

fn bind_error(text: &str, names: &[&str]) -> String {
    Formula::parse(text).unwrap().bind(names).unwrap_err().to_string()
}

fn in_unit(text: &str, names: &[&str], unit: &str) -> Result<Bound, FormulaError> {
    Formula::parse(text)?.bind(names)?.into_unit(Unit::parse(unit).unwrap())
}

#[test]
fn operators_bind_as_in_mathematics() {
    for (text, value) in [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("8 - 4 - 2", 2.0),
        ("8 / 4 / 2", 1.0),
        ("-2^2", -4.0),
        ("2^3^2", 512.0),
        ("2^-1", 0.5),
        ("2 * -3", -6.0),
        ("1.5e3 + .5", 1500.5),
        ("6 · 7 − 2", 40.0),
    ] {
        assert_eq!(plain(text).to_bits(), f64::to_bits(value), "{text}");
    }
}

#[test]
fn conditions_are_one_or_zero_and_choose() {
    for (text, value) in [
        ("if(1 < 2, 10, 20)", 10.0),
        ("if(1 < 2 and 2 < 1, 10, 20)", 20.0),
        ("if(1 < 2 or 2 < 1, 10, 20)", 10.0),
        ("if(not 1 < 2, 10, 20)", 20.0),
        ("if(not not 1 == 1, 10, 20)", 10.0),
        ("if(2 >= 2 and 2 <= 2 and 1 != 2 and 3 > 2, 1, 0)", 1.0),
        ("if(0 < 1, 5, 1 / 0)", 5.0),
        ("clamp(7, 1, 5) + clamp(0, 1, 5)", 6.0),
        ("min(3, 1, 2) + max(3, 1, 2)", 4.0),
    ] {
        assert_eq!(plain(text).to_bits(), f64::to_bits(value), "{text}");
    }
}

#[test]
fn no_function_hides_a_gap() {
    assert!(plain("min(0 / 0, 1)").is_nan());
    assert!(plain("max(1, 0 / 0)").is_nan());
    assert!(plain("clamp(0 / 0, 0, 1)").is_nan());
}

#[test]
fn golden_bits_pin_the_functions() {
    let value = plain("exp(1) + ln(10) + log10(2) + tanh(0.5) + sin(1) + cos(1) + cbrt(3) + 2^0.3");
    assert_eq!(value.to_bits(), GOLDEN);
}

const GOLDEN: u64 = 0x4023_ada9_2d80_34c3;

#[test]
fn quantities_are_converted_to_the_unit_that_is_wanted() {
    let residence = in_unit("434[ul] / flow_ml_per_min", &["flow_ml_per_min"], "s").unwrap();
    assert!((residence.at(&[0.62]) - 42.0).abs() < 1e-12);
    let names = ["yield_mol_per_l", "flow_ul_per_min", "volume_ul"];
    let text = "yield_mol_per_l * 312[g_per_mol] * flow_ul_per_min / volume_ul";
    let space_time = in_unit(text, &names, "g_per_l_h").unwrap();
    // 0.1 mol/L of 312 g/mol at one volume a minute: 31.2 g/L sixty times an hour.
    assert!((space_time.at(&[0.1, 500.0, 500.0]) - 1872.0).abs() < 1e-9);
}

#[test]
fn temperatures_in_celsius_are_points_and_in_kelvin_differences() {
    let warmer = in_unit("t_c + 10[k]", &["t_c"], "c").unwrap();
    assert!((warmer.at(&[25.0]) - 35.0).abs() < 1e-12);
    let difference = in_unit("t_c - 25[c]", &["t_c"], "k").unwrap();
    assert!((difference.at(&[35.0]) - 10.0).abs() < 1e-12);
    let arrhenius = in_unit("exp(-5000[k] / t_c)", &["t_c"], "ratio").unwrap();
    assert!((arrhenius.at(&[25.0]) - math_exp(-5000.0 / 298.15)).abs() < 1e-18);
    assert!(bind_error("t_c + t_c", &["t_c"]).contains("have no sum"));
    assert!(bind_error("10[k] - t_c", &["t_c"]).contains("cannot be taken from a difference"));
}

fn math_exp(x: f64) -> f64 {
    crate::math::exp(x)
}

#[test]
fn units_that_do_not_fit_are_shown_at_their_place() {
    let shown = bind_error("a_ul + b_s * 2", &["a_ul", "b_s"]);
    let expected = "a volume cannot be added to a time\n  a_ul + b_s * 2\n  ^^^^^^^^^^^^^^";
    assert_eq!(shown, expected);
    assert!(bind_error("a_ul < 5", &["a_ul"]).contains("a number may have a unit: 5[ul]"));
    assert!(bind_error("exp(a_ul)", &["a_ul"]).contains("a plain number is wanted"));
    assert!(bind_error("a_ul ^ b", &["a_ul", "b"]).contains("can only be raised to a number"));
    assert!(bind_error("1 + (2 < 3)", &[]).contains("this is true or false"));
    assert!(bind_error("if(2, 1, 0)", &[]).contains("true or false is wanted"));
    let wrong = in_unit("a_ul * a_ul", &["a_ul"], "ul").unwrap_err().to_string();
    assert!(wrong.contains("this is length^6, and a volume is wanted"), "{wrong}");
}

#[test]
fn euros_are_no_dollars() {
    assert!(bind_error("a_eur + b_usd", &["a_eur", "b_usd"]).contains("a sum in euros"));
}

#[test]
fn roots_and_powers_have_units() {
    assert!(in_unit("sqrt(a_mm2)", &["a_mm2"], "mm").is_ok());
    assert!(in_unit("cbrt(v_ul) * 2", &["v_ul"], "mm").is_ok());
    assert!(in_unit("v_ul ^ (1 / 3)", &["v_ul"], "mm").is_ok());
    assert!((in_unit("d_mm ^ 2", &["d_mm"], "mm2").unwrap().at(&[3.0]) - 9.0).abs() < 1e-12);
}

#[test]
fn mistakes_are_named_with_a_caret() {
    for (text, message, caret) in [
        ("1 +", "the formula ends where a number or name is missing", "     ^"),
        ("1 + * 2", "a number or name is missing before this", "      ^"),
        ("1 2", "an operator is missing before this", "    ^"),
        ("(1 + 2", "this parenthesis is never closed", "  ^"),
        ("1 + 2)", "this parenthesis closes nothing, or a part before it is missing", "       ^"),
        ("a = 1", "`=` is not part of a formula; to compare, write `==`", "    ^"),
        ("1 < 2 < 3", "comparisons do not chain: write `a < b and b < c`", "        ^"),
        ("1.2.3", "`1.2.3` is not a number", "  ^^^^^"),
        (
            "5[litre]",
            "`litre` is not a unit; units are written as in keys: ul_per_min",
            "   ^^^^^^^",
        ),
        ("5[ul", "this bracket is never closed", "   ^"),
        ("sqr(2)", "there is no function `sqr` here; did you mean `sqrt`?", "  ^^^"),
        ("clamp(1, 2)", "`clamp` is written clamp(x, low, high)", "  ^^^^^^^^^^^"),
        ("exp()", "`exp` is written exp(x)", "  ^^^^^"),
        ("µ + 1", "`µ` is not part of a formula", "  ^"),
    ] {
        let shown = parse_error(text);
        assert_eq!(shown, format!("{message}\n  {text}\n{caret}"));
    }
}

#[test]
fn a_name_that_is_not_there_gets_the_nearest() {
    let shown = bind_error("cui_ul_per_mn * 2", &["temperature_c", "cui_ul_per_min"]);
    assert!(shown.starts_with("there is no `cui_ul_per_mn` here; did you mean `cui_ul_per_min`?"));
    let shown = bind_error("x", &["temperature_c", "pli"]);
    assert!(shown.starts_with("there is no `x` here, only temperature_c, pli"));
}

#[test]
fn names_are_told_once_in_order() {
    let formula = Formula::parse("b + a * b - max(c, a)").unwrap();
    assert_eq!(formula.names(), ["b", "a", "c"]);
}

#[test]
fn the_unit_of_a_name_is_its_longest_ending() {
    assert_eq!(Unit::of_name("cui_ul_per_min"), Unit::parse("ul_per_min").unwrap());
    assert_eq!(Unit::of_name("space_time_yield_g_per_l_h"), Unit::parse("g_per_l_h").unwrap());
    assert_eq!(Unit::of_name("pli"), Unit::NONE);
    assert_eq!(Unit::of_name("c"), Unit::NONE);
    assert_eq!(Unit::parse("per_s").unwrap().dimension(), Unit::parse("hz").unwrap().dimension());
    assert_eq!(Unit::parse("ul_per"), None);
    assert_eq!(Unit::parse(""), None);
}

#[test]
fn plain_formulas_take_names_as_numbers() {
    let names = ["a_ul", "b_s"];
    let bound = Formula::parse("a_ul + b_s").unwrap().bind_plain(&names).unwrap();
    assert_eq!(bound.at(&[1.0, 2.0]).to_bits(), 3.0_f64.to_bits());
    let refused = Formula::parse("a_ul + 1[ul]").unwrap().bind_plain(&names);
    assert!(refused.unwrap_err().to_string().contains("has no unit here"));
}

#[test]
fn depth_and_length_are_bounded() {
    let deep = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(parse_error(&deep).contains("at most 4000 characters"));
    let deep = format!("{}1{}", "(".repeat(200), ")".repeat(200));
    assert!(parse_error(&deep).contains("nests at most 60 deep"));
    assert!(parse_error(&"-".repeat(400)).contains("nests at most 60 deep"));
    assert!(parse_error(&vec!["1"; 400].join("+")).contains("at most 500 parts"));
}

#[test]
fn conditions_say_whether_they_hold() {
    let formula = Formula::parse("t_c < 140[c] and q_ul_per_min > 5[ul_per_min]").unwrap();
    let bound = formula.bind(&["t_c", "q_ul_per_min"]).unwrap();
    assert!(bound.is_condition());
    assert!(bound.holds(&[139.0, 6.0]));
    assert!(!bound.holds(&[141.0, 6.0]));
    assert!(bound.into_unit(Unit::NONE).is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in "[-+*/^()<>=!,.\\[\\]a-z0-9µ ]{0,60}") {
        match Formula::parse(&text) {
            Ok(formula) => {
                let names = formula.names().iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
                if let Ok(bound) = formula.bind(&names) {
                    bound.at(&vec![1.0; names.len()]);
                }
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
