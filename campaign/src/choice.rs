//! Conditions chosen by hand: `NAME=VALUE`.

use flowtwin_lab::{Conditions, Input, InputKind, Space};
use flowtwin_report::format::plain;

use crate::scenario::nearest;

/// The conditions that `settings` name, inputs that are not named in the middle of their range.
///
/// # Errors
/// If a setting is no `NAME=VALUE`, names no input, is outside its range, or breaks a constraint.
pub fn conditions(space: &Space, settings: &[String]) -> Result<Conditions, String> {
    let mut values = space.centre().values().to_vec();
    for (place, value) in set(space, settings)? {
        values[place] = value;
    }
    let conditions = space.conditions(values);
    together(space, &conditions).map(|()| conditions)
}

/// These conditions with what `settings` name in place of what was there, rounded to what can be set.
///
/// # Errors
/// As [`conditions`]; also if nothing is named, or a value is none of the levels of its input.
pub fn changed(
    space: &Space,
    from: &Conditions,
    settings: &[String],
) -> Result<Conditions, String> {
    if settings.is_empty() {
        return Err("nothing is named: give NAME=VALUE".into());
    }
    let kept = |input: &Input| {
        space.value(input, from).ok_or_else(|| format!("there is no value of {}", input.name))
    };
    let mut values: Vec<f64> = space.inputs().iter().map(kept).collect::<Result<_, _>>()?;
    for (place, value) in set(space, settings)? {
        values[place] = match &space.inputs()[place].kind {
            InputKind::Levels(_) => value,
            _ => space.settable(place, value),
        };
    }
    let conditions = space.conditions(values);
    allowed(space, &conditions).map(|()| conditions)
}

/// Makes sure that conditions can be set.
///
/// # Errors
/// Why they cannot: an input is missing, outside its range or none of its levels, or they break a constraint.
pub fn allowed(space: &Space, conditions: &Conditions) -> Result<(), String> {
    for input in space.inputs() {
        let Input { name, low, high, kind, .. } = input;
        let value = space.value(input, conditions);
        let value = value.ok_or_else(|| format!("there is no value of {name}"))?;
        if !(*low..=*high).contains(&value) {
            return Err(format!("{name} = {} is outside {low} to {high}", plain(value)));
        }
        if let InputKind::Levels(levels) = kind
            && !levels.contains(&value)
        {
            let levels = levels.iter().copied().map(plain).collect::<Vec<_>>().join(", ");
            return Err(format!("{name} = {} is none of its levels: {levels}", plain(value)));
        }
    }
    together(space, conditions)
}

/// The places of the inputs that `settings` name, and their values.
fn set(space: &Space, settings: &[String]) -> Result<Vec<(usize, f64)>, String> {
    let mut found: Vec<(usize, f64)> = Vec::new();
    for setting in settings {
        let (name, value) =
            setting.split_once('=').ok_or_else(|| format!("`{setting}` is no NAME=VALUE"))?;
        let place = space.inputs().iter().position(|input| input.name == name);
        let place = place.ok_or_else(|| unknown(space, name))?;
        if found.iter().any(|(known, _)| *known == place) {
            return Err(format!("{name} is set twice"));
        }
        found.push((place, value_of(&space.inputs()[place], value)?));
    }
    Ok(found)
}

/// The value of an input as it is written.
fn value_of(input: &Input, value: &str) -> Result<f64, String> {
    let Input { name, low, high, .. } = input;
    if let Some(options) = input.options() {
        let place = input.option(value).ok_or_else(|| {
            let known: Vec<&str> = options.iter().map(|option| option.name.as_str()).collect();
            let like = nearest(value, &known).map(|(like, _)| format!("; did you mean `{like}`?"));
            let known = like.unwrap_or_else(|| format!(", only {}", known.join(", ")));
            format!("{name} has no option `{value}`{known}")
        })?;
        return Ok(place as f64);
    }
    let number: f64 = value.parse().map_err(|_| format!("`{value}` of {name} is not a number"))?;
    match (*low..=*high).contains(&number) {
        true => Ok(number),
        false => Err(format!("{name} = {value} is outside {low} to {high}")),
    }
}

/// Makes sure that values that are each in their range go together.
fn together(space: &Space, conditions: &Conditions) -> Result<(), String> {
    if let Some((input, least)) = space.too_slow(conditions) {
        let value = plain(conditions.get(&input.name).unwrap_or_default());
        return Err(format!(
            "{} = {value} is slower than the pump can run: it must be 0, which is off, or at least {}",
            input.name,
            plain(least)
        ));
    }
    let broken = space.broken(conditions).next();
    match broken {
        None => Ok(()),
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
    use flowtwin_lab::Choice;

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
        assert_eq!(set("base=TEB").unwrap_err(), "base has no option `TEB`; did you mean `TEA`?");
        assert_eq!(set("base=1").unwrap_err(), "base has no option `1`, only DBU, TEA");
    }

    #[test]
    fn what_is_changed_is_rounded_to_what_can_be_set_and_the_rest_stays() {
        let space = space();
        let from = space.conditions(vec![2.0, 3.0]);
        let changed = |settings: &[&str]| {
            let settings: Vec<String> = settings.iter().map(|&s| s.to_owned()).collect();
            super::changed(&space, &from, &settings).map(|c| c.values().to_vec())
        };
        assert_eq!(changed(&["cui_ul_per_min=7.52"]), Ok(vec![2.0, 7.5]));
        assert_eq!(changed(&["temperature_c=1", "cui_ul_per_min=4"]), Ok(vec![1.0, 4.0]));
        assert_eq!(changed(&[]).unwrap_err(), "nothing is named: give NAME=VALUE");
        let outside = changed(&["temperature_c=10.1"]).unwrap_err();
        assert_eq!(outside, "temperature_c = 10.1 is outside 0 to 10");
    }

    #[test]
    fn what_lies_between_levels_is_refused_and_not_rounded() {
        let space = Space::new(vec![Input::levels("c_m", vec![0.1, 0.2])], vec![]).unwrap();
        let changed = |setting: &str| changed(&space, &space.centre(), &[setting.to_owned()]);
        assert_eq!(changed("c_m=0.2").unwrap().values(), [0.2]);
        let refused = changed("c_m=0.15").unwrap_err();
        assert_eq!(refused, "c_m = 0.15 is none of its levels: 0.1, 0.2");
        let beyond = space.conditions(vec![0.3]);
        assert_eq!(allowed(&space, &beyond).unwrap_err(), "c_m = 0.3 is outside 0.1 to 0.2");
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
