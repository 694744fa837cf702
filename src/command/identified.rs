//! Which pump is at the end of which cable, as somebody has seen it move.

use std::fs;
use std::io::stdin;
use std::path::{Path, PathBuf};

use flowtwin_backends::Wiring;
use flowtwin_backends::connect::{Finding, nudge};
use flowtwin_campaign::folder::{OnDisk, put};
use flowtwin_lab::PumpId;
use flowtwin_lab::digest::sha256;
use serde::{Deserialize, Serialize};

use crate::console;
use crate::error::CommandError;

/// What somebody has seen, in a file beside the wiring file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Identified {
    /// Layout of this file: 1.
    schema: u32,
    /// SHA-256 of the cables of the wiring file.
    cables_sha256: String,
    /// Which pump moved on each command.
    pumps: Vec<Seen>,
}

/// What moved.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    /// The pump of the wiring file that was commanded to move.
    told: PumpId,
    /// The pump that somebody saw move; none where none did.
    moved: Option<PumpId>,
}

impl Identified {
    /// What does not fit, in words.
    fn wrong(&self) -> Vec<String> {
        let wrong = self.pumps.iter().filter(|seen| seen.moved.as_ref() != Some(&seen.told));
        let in_words = |seen: &Seen| match &seen.moved {
            Some(moved) => format!("the cable of {} moves {moved}", seen.told),
            None => format!("the cable of {} moves nothing", seen.told),
        };
        wrong.map(in_words).collect()
    }
}

/// Where the answers for a wiring file are.
fn beside(wiring_file: &Path) -> PathBuf {
    let mut name = wiring_file.as_os_str().to_owned();
    name.push(".identified.json");
    name.into()
}

fn digest(wiring: &Wiring) -> String {
    sha256(wiring.cables_in_words().as_bytes())
}

/// Moves one pump after the other, asks which one moved, and keeps the answers beside the wiring file.
///
/// # Errors
/// If a pump does not follow its command, nobody answers, or another pump moved.
pub(super) fn ask(wiring_file: &Path, wiring: &Wiring) -> Result<String, CommandError> {
    let pumps = wiring.pumps();
    let mut seen = Vec::new();
    for (i, told) in pumps.iter().enumerate() {
        let moved = which_moved(wiring, told, (i + 1, &pumps))?;
        seen.push(Seen { told: told.clone(), moved });
    }
    let identified = Identified { schema: 1, cables_sha256: digest(wiring), pumps: seen };
    let path = beside(wiring_file);
    let text = serde_json::to_string_pretty(&identified).map_err(CommandError::failed)? + "\n";
    put(&OnDisk, &path, text.as_bytes())
        .map_err(|error| CommandError::unwritable(&path, &error))?;
    let wrong = identified.wrong();
    if !wrong.is_empty() {
        return Err(CommandError::failed(wrong.join("\n"))
            .hint("change cables or wiring file, then identify again"));
    }
    Ok(format!("{} pumps move as the file says; kept in {}", pumps.len(), path.display()))
}

/// Moves a pump until somebody has said which one moved. The question does not name the pump that was commanded.
fn which_moved(
    wiring: &Wiring,
    told: &PumpId,
    (number, pumps): (usize, &[PumpId]),
) -> Result<Option<PumpId>, CommandError> {
    let names: Vec<&str> = pumps.iter().map(PumpId::as_str).collect();
    loop {
        let ul = nudge(wiring, told)
            .map_err(|kind| CommandError::failed(format_args!("{told}: {kind}")))?;
        console::say(format_args!(
            "\npump {number} of {} has moved by {ul} µL. Which one moved? Type {}, none, or again: ",
            pumps.len(),
            names.join(", ")
        ));
        let mut answer = String::new();
        if stdin().read_line(&mut answer).map_err(CommandError::failed)? == 0 {
            let message = "nobody is there to say which pump moved; nothing was kept";
            return Err(CommandError::bad_input(message));
        }
        match answer.trim() {
            "none" => return Ok(None),
            name if names.contains(&name) => return Ok(Some(PumpId::new(name))),
            "again" => {}
            other => console::say_line(format_args!("there is no pump {other}; look again")),
        }
    }
}

/// Makes sure that somebody has seen which pump is at the end of which cable, since the cables were last changed.
///
/// Nobody can swap cables of pumps that say themselves that flowtwin emulates them: they need not be identified, but what is
/// known of them must fit. What the wiring file says of itself is not enough: a real pump moves, whatever is written there.
///
/// # Errors
/// If nobody has, or something else moved.
pub(super) fn require(
    wiring_file: &Path,
    wiring: &Wiring,
    found: &[Finding],
) -> Result<(), CommandError> {
    let path = beside(wiring_file);
    let says_so = |found: &Finding| found.says_that_it_is_emulated();
    let is_emulated = |name: &String| found.iter().any(|it| it.name == *name && says_so(it));
    let emulated = wiring.simulated && wiring.chemyx.keys().all(is_emulated);
    if wiring.pumps().is_empty() || emulated && !path.exists() {
        return Ok(());
    }
    let refuse = |message: String| {
        let hint = format!(
            "nothing has moved; flowtwin check {} --identify moves each pump a little and asks which one it was",
            wiring_file.display()
        );
        Err(CommandError::bad_input(message).hint(hint))
    };
    let Ok(text) = fs::read_to_string(&path) else {
        return refuse("nobody has seen yet which pump is at the end of which cable".into());
    };
    match serde_json::from_str::<Identified>(&text) {
        Err(error) => refuse(format!("{}: {error}", path.display())),
        Ok(known) if known.cables_sha256 != digest(wiring) => {
            refuse("the wiring has changed since the pumps were identified".into())
        }
        Ok(known) => match known.wrong() {
            wrong if wrong.is_empty() => Ok(()),
            wrong => refuse(wrong.join("; ")),
        },
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_backends::instrument::Identity;
    use flowtwin_backends::transport::SerialSettings;
    use flowtwin_backends::wiring::Link;

    use super::*;

    /// Who is at the end of the cable of pump `name`.
    fn finding(name: &str, port: &str, model: &str) -> Finding {
        let (serial_number, firmware, notes) = (None, None, Vec::new());
        Finding {
            name: name.into(),
            kind: "chemyx",
            link: Some(Link::Serial(SerialSettings::at(port))),
            identity: Some(Identity { model: model.into(), serial_number, firmware, notes }),
            problem: None,
        }
    }

    /// A wiring file that says of itself that it is simulated was never asked about its pumps.
    #[test]
    fn a_pump_that_is_not_known_to_be_emulated_must_have_been_seen_to_move() {
        let folder = std::env::temp_dir().join(format!("flowtwin-seen-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder can be made");
        let file = folder.join("wired.toml");
        let text = "schema = 1\nsimulated = true\n[chemyx.a]\nlink.serial.port = \"/dev/ttyUSB0\"\n\
                    [chemyx.b]\nlink.serial.port = \"/dev/ttyUSB1\"\n";
        let wiring = Wiring::parse(text).expect("it is a wiring file");
        let served = |name| finding(name, "/dev/ttyUSB0", "Fusion emulated by flowtwin");
        let bridged = |name| finding(name, "/dev/pts/0", "Fusion 4000");
        let real = |name| finding(name, "/dev/ttyUSB1", "Fusion 4000");
        let asked = |wiring: &Wiring, found: &[Finding]| {
            require(&file, wiring, found).err().map(|error| error.to_string())
        };
        assert_eq!(asked(&wiring, &[served("a"), served("b")]), None);
        let of_a_rig = Wiring { simulated: false, ..wiring.clone() };
        let unknown = [
            (&wiring, vec![served("a"), real("b")]),
            (&wiring, vec![served("a"), bridged("b")]),
            (&wiring, vec![served("a")]),
            (&of_a_rig, vec![served("a"), served("b")]),
        ];
        for (wiring, found) in &unknown {
            let refused = asked(wiring, found).expect("nobody has seen b");
            assert!(refused.starts_with("nobody has seen yet which pump"), "{refused}");
        }
        let seen = |name: &str| Seen { told: name.into(), moved: Some(name.into()) };
        let identified = Identified {
            schema: 1,
            cables_sha256: digest(&wiring),
            pumps: vec![seen("a"), seen("b")],
        };
        let kept = serde_json::to_string(&identified).expect("plain data");
        fs::write(beside(&file), kept).expect("it can be written");
        assert_eq!(asked(&wiring, &[served("a"), real("b")]), None);
        fs::remove_dir_all(folder).expect("it can be removed");
    }

    #[test]
    fn a_rig_without_pumps_has_none_to_identify() {
        let wiring = Wiring::parse("schema = 1\n").expect("it is a wiring file");
        assert!(require(Path::new("no-such.toml"), &wiring, &[]).is_ok());
    }
}
