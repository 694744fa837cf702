//! `flowtwin discover`: which instruments there are, before anything is known of them.

use flowtwin_backends::connect::{Finding, discover};
use flowtwin_backends::wiring::Link;
use flowtwin_lab::FaultKind;
use flowtwin_report::format::counted;
use serde_json::json;

use crate::cli::DiscoverArgs as Args;
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let mut found = discover::on_network(args.adapter).unwrap_or_else(|error| {
        console::say_line(format_args!("the network cannot be asked: {error}"));
        Vec::new()
    });
    let known = if args.ports.is_empty() { discover::serial_ports() } else { args.ports.clone() };
    for port in &known {
        console::say_line(format_args!("asking at {port} …"));
        found.extend(discover::at_serial_port(port));
    }
    if args.json {
        console::print_line(json!({ "found": found }))?;
    } else {
        found.iter().try_for_each(|finding| console::print_line(in_words(finding) + "\n"))?;
    }
    let lost = |f: &Finding| matches!(f.problem, Some(FaultKind::LinkLost { .. }));
    if !found.iter().all(lost) {
        return Ok(());
    }
    let message = format!(
        "no instrument answers, on the network or at {}",
        counted(known.len(), "serial port")
    );
    Err(CommandError::failed(message)
        .hint("look at power, cables and baud rates; see docs/wiring.md"))
}

/// Who answers, and the lines of a wiring file that lead there; for a port that cannot be opened, why.
fn in_words(finding: &Finding) -> String {
    let who = match (&finding.identity, &finding.problem) {
        (Some(who), _) => who.to_string(),
        (None, Some(problem @ FaultKind::LinkLost { .. })) => return format!("# {problem}"),
        (None, Some(problem)) => problem.to_string(),
        (None, None) => "somebody".into(),
    };
    let link = match &finding.link {
        Some(Link::Serial(at)) => {
            format!("link.serial = {{ port = {:?}, baud = {} }}", at.port, at.baud)
        }
        Some(Link::Tcp(at)) => format!("link.tcp = {at:?}"),
        Some(Link::Usb(at)) => format!("link.usb = {at:?}"),
        None => String::new(),
    };
    let number = finding.identity.as_ref().and_then(|who| who.serial_number.as_deref());
    let number = number.map_or_else(String::new, |n| format!("\nserial_number = {n:?}"));
    format!("# {who}\n[{}.NAME]\n{link}{number}", finding.kind)
}
