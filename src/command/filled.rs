//! Which syringes somebody has filled: `--filled PUMP[=ML],…` or `--filled all`.

use flowtwin_campaign::campaign::{Fillings, MOST_FILLED_ML};
use flowtwin_lab::{Manifest, PumpId, PumpInfo};

use crate::error::CommandError;

/// The pumps whose syringes somebody has filled, and what these hold now [mL]: as much as the scenario says at the start of
/// a run, unless a volume is given.
///
/// # Errors
/// If there is no such pump, a volume is none, or a pump is named twice.
pub(super) fn filled(asked: &[String], manifest: &Manifest) -> Result<Fillings, CommandError> {
    if asked == ["all"] {
        return Ok(manifest.pumps.iter().map(full).collect());
    }
    let mut filled = Fillings::new();
    for one in asked {
        let (pump, ml) = parse(one.trim(), manifest)?;
        if filled.iter().any(|(other, _)| *other == pump) {
            return Err(CommandError::bad_input(format_args!("--filled names {pump} twice")));
        }
        filled.push((pump, ml));
    }
    Ok(filled)
}

fn full(info: &PumpInfo) -> (PumpId, f64) {
    (info.name.clone(), info.fill_ml)
}

fn parse(asked: &str, manifest: &Manifest) -> Result<(PumpId, f64), CommandError> {
    let (name, ml) = match asked.split_once('=') {
        Some((name, ml)) => (name.trim(), Some(ml.trim())),
        None => (asked, None),
    };
    let Some(info) = manifest.pumps.iter().find(|info| info.name.as_str() == name) else {
        return Err(unknown(name, manifest));
    };
    let Some(ml) = ml else { return Ok(full(info)) };
    match ml.parse::<f64>() {
        Ok(ml) if (0.0..=MOST_FILLED_ML).contains(&ml) => Ok((info.name.clone(), ml)),
        _ => {
            let message =
                format!("--filled {asked}: \"{ml}\" is not a volume from 0 to {MOST_FILLED_ML} mL");
            Err(CommandError::bad_input(message)
                .hint(format_args!("say what it holds now, such as {name}=12.5")))
        }
    }
}

fn unknown(name: &str, manifest: &Manifest) -> CommandError {
    let error = CommandError::bad_input(format_args!("--filled {name}: there is no such pump"));
    let known: Vec<&str> = manifest.pumps.iter().map(|info| info.name.as_str()).collect();
    match known.is_empty() {
        true => error.hint("this lab has no pumps"),
        false => error.hint(format_args!("there are {}", known.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Lab as _;
    use flowtwin_lab::toy::ToyLab;

    use super::*;

    fn asked(text: &str) -> Result<Fillings, CommandError> {
        let asked: Vec<String> = text.split(',').map(str::to_owned).collect();
        filled(&asked, ToyLab::new().manifest())
    }

    #[test]
    fn a_pump_is_full_unless_a_volume_is_given() {
        assert_eq!(asked("all").unwrap(), [("water".into(), 1.0)]);
        assert_eq!(asked(" water ").unwrap(), [("water".into(), 1.0)]);
        assert_eq!(asked("water=0.25").unwrap(), [("water".into(), 0.25)]);
    }

    #[test]
    fn what_is_no_pump_or_no_volume_is_refused_by_name() {
        let unknown = "--filled watr: there is no such pump\nhint: there are water";
        for (text, told) in [
            ("watr", unknown),
            ("water=full", "--filled water=full: \"full\" is not a volume from 0 to 20000 mL"),
            ("water=-1", "is not a volume"),
            ("water=NaN", "is not a volume"),
            ("water,water=1", "--filled names water twice"),
        ] {
            let error = asked(text).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
