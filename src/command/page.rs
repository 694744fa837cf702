//! The live page beside a run.

#[cfg(feature = "serve")]
mod predicted;

#[cfg(feature = "serve")]
pub(super) use with_server::{Beside, open, reach, start, until};
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
    use flowtwin_serve::{
        Computed, Control, Question, Reach, Review, Runs, ServeError, Server, SiteName, Teller,
    };
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
        /// If the address reaches further than it may, or cannot be had.
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
            let reach = reach(address, to.page.allow_network, &to.page.host)?;
            let runs = Runs::new([folder.to_owned()]);
            let server = start(address, reach, runs, Some(control.clone()))?;
            let url = server.url().to_owned() + &token;
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

    /// Who may reach a page at this address.
    ///
    /// # Errors
    /// If others are let in where they cannot come.
    pub(in crate::command) fn reach(
        address: Option<SocketAddr>,
        network: bool,
        names: &[SiteName],
    ) -> Result<Reach, CommandError> {
        if !network {
            return Ok(Reach::ThisComputer);
        }
        let at = address.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)));
        // A name of a proxy leads others to this computer; one that leads to the server itself does not.
        let direct = names.iter().find(|name| name.is_direct(at.port()));
        if at.ip().is_loopback() && (names.is_empty() || direct.is_some()) {
            let allowed = || "--allow-network".to_owned();
            let asked = direct.map_or_else(allowed, |name| format!("--host {name}"));
            let message = format!("{asked}: nobody else can reach {}", at.ip());
            return Err(CommandError::bad_input(message)
                .hint("give an address of this computer with a port, such as 192.168.1.5:8750")
                .hint(
                    "behind a proxy, give the proxy's name with --host, such as --host https://twin.example.org",
                ));
        }
        Ok(Reach::Network(names.to_vec()))
    }

    /// A server at this address; at the usual port, or any that is free, if none is named. Says so where others can reach it.
    pub(in crate::command) fn start(
        address: Option<SocketAddr>,
        reach: Reach,
        runs: Runs,
        control: Option<Control>,
    ) -> Result<Server, CommandError> {
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let controlled = control.is_some();
        let start = |address| {
            let predictor = Predictor::default();
            let computed = Computed {
                believer: Some(Teller::new(belief)),
                predictor: Some(Teller::new(move |folder, asked| predictor.spectra(folder, asked))),
            };
            Server::start(address, reach.clone(), runs.clone(), control.clone(), computed)
        };
        let server = match address {
            Some(address) => start(address),
            None => match start(at(PORT)) {
                Err(ServeError::Listen { .. }) => start(at(0)),
                server => server,
            },
        };
        let server = server.map_err(unserved)?;
        if reach != Reach::ThisComputer {
            warn(&server, controlled);
        }
        Ok(server)
    }

    /// What to do where a page is not served.
    fn unserved(error: ServeError) -> CommandError {
        match error {
            ServeError::NotLoopback(address) => CommandError::bad_input(error)
                .hint(format_args!(
                    "serve it at 127.0.0.1:{port}, and reach it from elsewhere with: ssh -L {port}:127.0.0.1:{port} THIS-COMPUTER",
                    port = address.port()
                ))
                .hint("with --allow-network others see it too"),
            ServeError::NoName(_) => CommandError::bad_input(error)
                .hint("give what browsers show in their address bar, such as --host lab-pc"),
            error => CommandError::failed(error),
        }
    }

    /// Says what others can see and do.
    fn warn(server: &Server, controlled: bool) {
        console::say_line(format_args!(
            "warning: everybody who can reach {} sees the runs: scenario, conditions, results",
            server.address()
        ));
        console::say_line(
            "warning: this server encrypts nothing: anyone who listens on the network can read the same",
        );
        if controlled {
            console::say_line(
                "warning: the token (after '#') lets its owner pause and stop the run and decide on proposals; keep it to yourself",
            );
        }
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

    /// Shows the page in the browser that the desktop prefers. Without one, its address is all there is.
    pub(in crate::command) fn open(url: &str) {
        let (program, before): (_, &[&str]) = match () {
            () if cfg!(windows) => ("rundll32", &["url.dll,FileProtocolHandler"]),
            () if cfg!(target_os = "macos") => ("open", &[]),
            () => ("xdg-open", &[]),
        };
        let mut command = Command::new(program);
        command
            .args(before)
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Err(error) = command.spawn() {
            console::say_line(format_args!(
                "note: no browser was opened ({program}: {error}); go to {url}"
            ));
        }
    }
}

#[cfg(all(test, feature = "serve"))]
mod tests {
    use flowtwin_serve::SiteName;

    use super::reach;

    #[test]
    fn a_page_on_loopback_is_reached_by_names_of_a_proxy_alone() {
        let may = |address: Option<&str>, names: &[&str]| {
            let names: Vec<SiteName> = names.iter().map(|name| name.parse().unwrap()).collect();
            reach(address.map(|address| address.parse().unwrap()), true, &names).is_ok()
        };
        for name in
            ["https://twin.example.org", "https://lab-pc:8750", "http://lab-pc", "lab-pc:80"]
        {
            assert!(may(None, &[name]) && may(Some("[::1]:8750"), &[name]), "{name}");
        }
        for name in ["lab-pc", "lab-pc:8750", "http://lab-pc:8750"] {
            assert!(!may(None, &[name]) && !may(Some("127.0.0.1:8750"), &[name]), "{name}");
            assert!(!may(None, &["https://twin.example.org", name]), "{name}");
            assert!(may(Some("0.0.0.0:8750"), &[name]), "{name}");
        }
        assert!(!may(None, &[]) && !may(Some("127.0.0.1:0"), &["lab-pc"]));
    }
}
