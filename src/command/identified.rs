//! Which pump is at the end of which cable, as somebody has seen it move.

use std::fs;
use std::io::stdin;
use std::path::{Path, PathBuf};

use flowtwin_backends::Wiring;
use flowtwin_backends::connect::nudge;
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
    let part = path.with_extension("part");
    fs::write(&part, text)
        .and_then(|()| fs::rename(&part, &path))
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
/// Nobody can swap cables of instruments that `flowtwin emulate` serves: they need not be identified, but what is known of
/// them must fit.
///
/// # Errors
/// If nobody has, or something else moved.
pub(super) fn require(wiring_file: &Path, wiring: &Wiring) -> Result<(), CommandError> {
    let path = beside(wiring_file);
    if wiring.pumps().is_empty() || wiring.simulated && !path.exists() {
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
