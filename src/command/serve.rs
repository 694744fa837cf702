//! `flowtwin serve` and `--serve`: the live page.

use std::io::{IsTerminal as _, stderr};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::Duration;

use flowtwin_serve::{Runs, ServeError, Server};

use super::campaign::{STOP, heed_ctrl_c};
use crate::cli::{Page, ServeArgs as Args};
use crate::console;
use crate::error::CommandError;

/// The port that is taken if nobody names one.
const PORT: u16 = 8750;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    if let Some(missing) = args.runs.iter().find(|folder| !folder.is_dir()) {
        return Err(CommandError::bad_input(format_args!(
            "there is no folder {}",
            missing.display()
        )));
    }
    let runs = Runs::new(args.runs.iter().cloned());
    if runs.list().is_empty() {
        let folders: Vec<_> = args.runs.iter().map(|folder| folder.display().to_string()).collect();
        let message = format!("there is no run in {} yet", folders.join(", "));
        console::say_line(format_args!("note: {message}; one that begins there will be shown"));
    }
    let server = start(args.address, runs)?;
    heed_ctrl_c()?;
    let url = url(&server);
    console::print_line(&url)?;
    console::say_line("Ctrl-C ends it");
    if args.open {
        open(&url);
    }
    until_asked_to_end();
    Ok(())
}

/// The page of a run that this process does, if one was asked for.
#[derive(Debug)]
pub(super) struct Beside(Option<Server>);

impl Beside {
    /// Serves the run in `folder`, and says where.
    ///
    /// # Errors
    /// If the address is not one of this computer alone, or cannot be had.
    pub(super) fn of(page: &Page, folder: &Path) -> Result<Self, CommandError> {
        let Some(address) = page.serve else { return Ok(Self(None)) };
        let server = start(address, Runs::new([folder.to_owned()]))?;
        let url = url(&server);
        console::say_line(format_args!("live page: {url}"));
        if page.open {
            open(&url);
        }
        Ok(Self(Some(server)))
    }

    /// Goes on serving where somebody sits in front of it, until they have seen enough.
    pub(super) fn stay(self) {
        if self.0.is_some() && stderr().is_terminal() && !STOP.load(Ordering::SeqCst) {
            console::say_line("the live page stays until Ctrl-C");
            until_asked_to_end();
        }
    }
}

fn until_asked_to_end() {
    while !STOP.load(Ordering::SeqCst) {
        sleep(Duration::from_millis(100));
    }
}

/// A server at this address; at the usual port, or any that is free, if none is named.
fn start(address: Option<SocketAddr>, runs: Runs) -> Result<Server, CommandError> {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let server = match address {
        Some(address) => Server::start(address, runs),
        None => match Server::start(at(PORT), runs.clone()) {
            Err(ServeError::Listen { .. }) => Server::start(at(0), runs),
            server => server,
        },
    };
    server.map_err(|error| match error {
        ServeError::NotLoopback(address) => CommandError::bad_input(error).hint(format_args!(
            "serve it at 127.0.0.1:{port}, and reach it from elsewhere with: ssh -L {port}:127.0.0.1:{port} THIS-COMPUTER",
            port = address.port()
        )),
        error => CommandError::failed(error),
    })
}

fn url(server: &Server) -> String {
    format!("http://{}/", server.address())
}

/// Shows the page in the browser that the desktop prefers. Without one, its address is all there is.
fn open(url: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(program);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        console::say_line(format_args!(
            "note: no browser was opened ({program}: {error}); go to {url}"
        ));
    }
}
