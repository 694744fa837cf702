//! Conditions chosen by hand: `NAME=VALUE`.

use flowtwin_lab::{Conditions, Space};
use flowtwin_report::format::plain;

use crate::scenario::nearest;

/// The conditions that `settings` name, inputs that are not named in the middle of their range.
///
/// # Errors
/// If a setting is no `NAME=VALUE`, names no input, is outside its range, or breaks a constraint.
pub fn conditions(space: &Space, settings: &[String]) -> Result<Conditions, String> {
    let mut values = space.centre().values().to_vec();
    for (i, setting) in settings.iter().enumerate() {
        let (name, value) =
            setting.split_once('=').ok_or_else(|| format!("`{setting}` is no NAME=VALUE"))?;
        if settings[..i].iter().any(|other| other.split_once('=').is_some_and(|o| o.0 == name)) {
            return Err(format!("{name} is set twice"));
        }
        let place = space.inputs().iter().position(|input| input.name == name);
        let place = place.ok_or_else(|| unknown(space, name))?;
        let input = &space.inputs()[place];
        if let Some(options) = input.options() {
            let place_of = input.option(value).ok_or_else(|| {
                let known: Vec<&str> = options.iter().map(|option| option.name.as_str()).collect();
                let like =
                    nearest(value, &known).map(|(like, _)| format!("; did you mean `{like}`?"));
                let known = like.unwrap_or_else(|| format!(", only {}", known.join(", ")));
                format!("{name} has no option `{value}`{known}")
            })?;
            values[place] = place_of as f64;
            continue;
        }
        let number: f64 = value.parse().map_err(|_| format!("`{value}` of {name} is no number"))?;
        if !(input.low..=input.high).contains(&number) {
            return Err(format!("{name} = {value} is outside {} to {}", input.low, input.high));
        }
        values[place] = number;
    }
    let conditions = space.conditions(values);
    if let Some((input, least)) = space.too_slow(&conditions) {
        let value = plain(conditions.get(&input.name).unwrap_or_default());
        return Err(format!(
            "{} = {value} is slower than the pump can run: it must be 0, which is off, or at least {}",
            input.name,
            plain(least)
        ));
    }
    let broken = space.broken(&conditions).next();
    match broken {
        None => Ok(conditions),
        Some(constraint) => Err(format!(
            "these conditions break \"{}\": it would be {}, allowed is {}",
            constraint.name,
            plain(constraint.of.at(conditions.values())),
            constraint.allowed()
        )),
    }
}

fn unknown(space: &Space, name: &str) -> String {
    let known: Vec<&str> = space.inputs().iter().map(|input| input.name.as_str()).collect();
    match nearest(name, &known) {
        Some((meant, _)) => format!("there is no input `{name}`; did you mean `{meant}`?"),
        None => format!("there is no input `{name}`, only {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Choice, Input};

    use super::*;

    fn space() -> Space {
        let input = |name: &str| Input::number(name, 0.0, 10.0, 0.1);
        Space::new(vec![input("temperature_c"), input("cui_ul_per_min")], vec![]).unwrap()
    }

    fn set(setting: &str) -> Result<Vec<f64>, String> {
        conditions(&space(), &[setting.to_owned()]).map(|c| c.values().to_vec())
    }

    #[test]
    fn what_is_not_named_stays_in_the_middle() {
        assert_eq!(set("cui_ul_per_min=7.5"), Ok(vec![5.0, 7.5]));
    }

    #[test]
    fn options_are_set_by_name() {
        let option = |name: &str| Choice { name: name.into(), descriptors: Vec::new() };
        let base = Input::choice("base", ["DBU", "TEA"].map(option).to_vec());
        let space = Space::new(vec![base], vec![]).unwrap();
        let set = |setting: &str| conditions(&space, &[setting.to_owned()]);
        assert_eq!(set("base=TEA").unwrap().values(), [1.0]);
        assert_eq!(set("base=THE").unwrap_err(), "base has no option `THE`; did you mean `TEA`?");
        assert_eq!(set("base=1").unwrap_err(), "base has no option `1`, only DBU, TEA");
    }

    #[test]
    fn slips_are_explained() {
        assert_eq!(
            set("cui_ml_per_min=7").unwrap_err(),
            "there is no input `cui_ml_per_min`; did you mean `cui_ul_per_min`?"
        );
        assert_eq!(set("temperature_c=11").unwrap_err(), "temperature_c = 11 is outside 0 to 10");
        assert_eq!(set("temperature_c=nan").unwrap_err(), "temperature_c = nan is outside 0 to 10");
        assert_eq!(set("temperature_c").unwrap_err(), "`temperature_c` is no NAME=VALUE");
        let twice = ["temperature_c=4".to_owned(), "temperature_c=5".to_owned()];
        assert_eq!(conditions(&space(), &twice).unwrap_err(), "temperature_c is set twice");
    }
}
