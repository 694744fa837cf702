//! The live page beside a run.

#[cfg(feature = "serve")]
mod predicted;

#[cfg(feature = "serve")]
pub(super) use with_server::{Beside, open, start, until, url};
#[cfg(not(feature = "serve"))]
pub(super) use without_server::Beside;

#[cfg(not(feature = "serve"))]
mod without_server {
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use flowtwin_campaign::campaign::Reviewer;

    use crate::cli::Folder;
    use crate::error::CommandError;

    /// No page: it was left out of this build.
    #[derive(Debug)]
    pub(in crate::command) struct Beside;

    impl Beside {
        /// Nothing.
        pub(in crate::command) fn of(
            _to: &Folder,
            _folder: &Path,
            _stop: &Arc<AtomicBool>,
            _review: bool,
        ) -> Result<Self, CommandError> {
            Ok(Self)
        }

        /// Nobody.
        pub(in crate::command) fn reviewer(&self) -> Option<Box<dyn Reviewer>> {
            None
        }

        /// Nothing.
        pub(in crate::command) fn stay(self, _stop: &AtomicBool) {}
    }
}

#[cfg(feature = "serve")]
mod with_server {
    use std::io::{IsTerminal as _, stderr};
    use std::net::{Ipv4Addr, SocketAddr};
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread::sleep;
    use std::time::Duration;

    use flowtwin_campaign::campaign::Reviewer;
    use flowtwin_data::learnt::{Slice, Wanted};
    use flowtwin_serve::{Computed, Control, Question, Review, Runs, ServeError, Server, Teller};
    use serde_json::{Value, json};

    use super::super::campaign::PAUSE;
    use super::super::review::page::OnPage;
    use super::predicted::Predictor;
    use crate::cli::Folder;
    use crate::console;
    use crate::error::CommandError;

    /// The port that is taken if nobody names one.
    const PORT: u16 = 8750;
    /// Values of each input of a map of beliefs.
    const SIDE: usize = 28;

    /// The page of a run that this process does, if one was asked for.
    #[derive(Debug, Default)]
    pub(in crate::command) struct Beside {
        served: Option<(Server, Control)>,
        review: Option<Review>,
    }

    impl Beside {
        /// Serves the run in `folder`, and says where.
        ///
        /// # Errors
        /// If the address is not one of this computer alone, or cannot be had.
        pub(in crate::command) fn of(
            to: &Folder,
            folder: &Path,
            stop: &Arc<AtomicBool>,
            review: bool,
        ) -> Result<Self, CommandError> {
            let Some(address) = to.page.serve else { return Ok(Self::default()) };
            let control =
                Control::new(stop.clone(), PAUSE.clone()).map_err(CommandError::failed)?;
            let review = review.then(Review::default);
            let control = match review.clone() {
                Some(review) => control.reviewing(review),
                None => control,
            };
            let token = format!("#token={}", control.token());
            let server = start(address, Runs::new([folder.to_owned()]), Some(control.clone()))?;
            let url = url(&server) + &token;
            console::say_line(format_args!("live page: {url}"));
            if to.page.open {
                open(&url);
            }
            Ok(Self { served: Some((server, control)), review })
        }

        /// Who decides on proposals in the browser.
        pub(in crate::command) fn reviewer(&self) -> Option<Box<dyn Reviewer>> {
            let review = self.review.clone()?;
            Some(Box::new(OnPage::new(review)))
        }

        /// Goes on serving where somebody sits in front of it, until they have seen enough.
        pub(in crate::command) fn stay(self, stop: &AtomicBool) {
            let Some((_server, control)) = self.served else { return };
            control.end();
            if stderr().is_terminal() && !stop.load(Ordering::SeqCst) {
                console::say_line("the live page stays until Ctrl-C");
                until(stop);
            }
        }
    }

    /// Returns once somebody asks this program to end.
    pub(in crate::command) fn until(stop: &AtomicBool) {
        while !stop.load(Ordering::SeqCst) {
            sleep(Duration::from_millis(100));
        }
    }

    /// A server at this address; at the usual port, or any that is free, if none is named.
    pub(in crate::command) fn start(
        address: Option<SocketAddr>,
        runs: Runs,
        control: Option<Control>,
    ) -> Result<Server, CommandError> {
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let start = |address, runs, control| {
            let predictor = Predictor::default();
            let computed = Computed {
                believer: Some(Teller::new(belief)),
                predictor: Some(Teller::new(move |folder, asked| predictor.spectra(folder, asked))),
            };
            Server::start(address, runs, control, computed)
        };
        let server = match address {
            Some(address) => start(address, runs, control),
            None => match start(at(PORT), runs.clone(), control.clone()) {
                Err(ServeError::Listen { .. }) => start(at(0), runs, control),
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

    /// What a Gaussian process believes of a run, as the page draws it.
    fn belief(folder: &Path, asked: &Question) -> Result<Value, String> {
        let wanted = Wanted {
            target: &asked.feature,
            inputs: (&asked.x, &asked.y),
            experiments: asked.experiments,
            held: asked.held,
            side: SIDE,
        };
        let slice = Slice::of_run(folder, wanted).map_err(|error| error.to_string())?;
        Ok(json!({
            "x": slice.x,
            "y": slice.y,
            "mean": slice.mean,
            "sd": slice.sd,
            "held": slice.held,
            "experiments": slice.experiments,
        }))
    }

    /// Where the page is.
    pub(in crate::command) fn url(server: &Server) -> String {
        format!("http://{}/", server.address())
    }

    /// Shows the page in the browser that the desktop prefers. Without one, its address is all there is.
    pub(in crate::command) fn open(url: &str) {
        let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
        let mut command = Command::new(program);
        command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Err(error) = command.spawn() {
            console::say_line(format_args!(
                "note: no browser was opened ({program}: {error}); go to {url}"
            ));
        }
    }
}
