//! How fast lab time passes for served instruments.
//!
//! Alone, they live in wall time, real or accelerated. A campaign that drives them at a high speed must
//! keep pace: held up for 0.1 s at a speed of 500, it has lost 50 s of lab time, and a pump has come to
//! the end of its volume before the sample is taken. So a campaign may take part: lab time then never
//! runs further ahead of what it has granted than a real exchange of commands would take, and where
//! either process is held up, time passes later for both.
//!
//! A line `until NANOSECONDS` grants time up to a moment, and is answered with the lab time when that is
//! reached, or before, so that the waiting program can be interrupted. A line `now` is answered at once. A line `fill MICROLITRES
//! PUMP` says that somebody has filled a syringe: it is answered with the lab time, or with what is wrong with it.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use flowtwin_lab::{Instant, PumpId, Span, Volume};
#[cfg(unix)]
use nix::poll::{PollFd, PollFlags};

/// How far lab time may run ahead of what a campaign has granted, while it talks to instruments \[s\]:
/// eight commands at 9600 baud take about this time.
const AHEAD_S: f64 = 0.5;

/// After this time without a message a campaign counts as hung, and time passes without it.
const HANGS: Duration = Duration::from_secs(60);

/// A wait is answered after this time even if its end is not reached.
const LONGEST: Duration = Duration::from_millis(50);

/// More is in no syringe [µL].
const MOST_UL: f64 = 1e6;

/// Fills the syringe of a pump.
pub(super) type Fill<'a> = dyn FnMut(PumpId, Volume) -> Result<(), String> + 'a;

/// The pace of lab time, and the campaigns that take part in it.
#[derive(Debug)]
pub(super) struct Pace {
    speed: f64,
    last: std::time::Instant,
    listener: TcpListener,
    campaigns: Vec<Campaign>,
}

/// A campaign that takes part.
#[derive(Debug)]
struct Campaign {
    stream: TcpStream,
    input: Vec<u8>,
    granted: Option<Instant>,
    waits_for: Option<Instant>,
    heard: std::time::Instant,
    gone: bool,
}

fn checked(speed: f64) -> f64 {
    assert!(speed > 0.0 && speed.is_finite(), "a speed is positive, not {speed}");
    speed
}

impl Pace {
    /// Lab time that passes `speed` times as fast as wall time, from now on.
    pub(super) fn open(speed: f64) -> io::Result<Self> {
        let speed = checked(speed);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        Ok(Self { speed, last: std::time::Instant::now(), listener, campaigns: Vec::new() })
    }

    /// Lab time that passes `speed` times as fast as wall time from now on.
    pub(super) fn set_speed(&mut self, speed: f64) {
        self.speed = checked(speed);
    }

    /// Where campaigns take part.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What to wait for.
    #[cfg(unix)]
    pub(super) fn descriptors(&self) -> impl Iterator<Item = PollFd<'_>> {
        use std::os::fd::AsFd as _;

        let streams = self.campaigns.iter().map(|campaign| campaign.stream.as_fd());
        streams.chain([self.listener.as_fd()]).map(|fd| PollFd::new(fd, PollFlags::POLLIN))
    }

    /// The lab time to go on to, at `now`.
    pub(super) fn next(&mut self, now: Instant) -> Instant {
        let passed = self.last.elapsed();
        self.last += passed;
        let free = now + Span::from_secs(passed.as_secs_f64() * self.speed);
        let granted = self.campaigns.iter().filter_map(Campaign::bound).min();
        granted.map_or(free, |bound| free.min(bound).max(now))
    }

    /// Wall time until the next waiting client can be answered; none if there is none.
    pub(super) fn due(&self, now: Instant) -> Option<Duration> {
        let left = |campaign: &Campaign| {
            let deadline = campaign.waits_for?;
            let lab_s = deadline.since(now.min(deadline)).as_secs();
            Some(Duration::from_secs_f64(lab_s / self.speed).min(LONGEST))
        };
        self.campaigns.iter().filter_map(left).min()
    }

    /// Hears campaigns, and answers those whose time has come. Syringes are filled by `fill`, which says what keeps it from that.
    pub(super) fn serve(&mut self, now: Instant, fill: &mut Fill<'_>) {
        while let Ok((stream, _)) = self.listener.accept() {
            if stream.set_nonblocking(true).and(stream.set_nodelay(true)).is_ok() {
                self.campaigns.push(Campaign::new(stream));
            }
        }
        self.campaigns.iter_mut().for_each(|campaign| campaign.serve(now, fill));
        self.campaigns.retain(|campaign| !campaign.gone);
    }
}

impl Campaign {
    fn new(stream: TcpStream) -> Self {
        let heard = std::time::Instant::now();
        Self { stream, input: Vec::new(), granted: None, waits_for: None, heard, gone: false }
    }

    /// The moment beyond which time does not pass without this campaign.
    fn bound(&self) -> Option<Instant> {
        let granted = self.granted.filter(|_| self.heard.elapsed() < HANGS)?;
        let ahead_s = if self.waits_for.is_some() { 0.0 } else { AHEAD_S };
        Some(granted + Span::from_secs(ahead_s))
    }

    fn serve(&mut self, now: Instant, fill: &mut Fill<'_>) {
        self.receive();
        while let Some(end) = self.input.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.input.drain(..=end).collect();
            self.hear(String::from_utf8_lossy(&line).trim(), now, fill);
        }
        let waited = self.heard.elapsed() >= LONGEST;
        if self.waits_for.is_some_and(|deadline| deadline <= now || waited) {
            self.waits_for = None;
            // Time that was granted and not used is asked for again.
            self.granted = Some(now);
            self.say(now.as_nanos());
        }
    }

    fn receive(&mut self) {
        let mut bytes = [0; 256];
        match self.stream.read(&mut bytes) {
            Ok(0) => self.gone = true,
            Ok(count) => self.input.extend_from_slice(&bytes[..count]),
            Err(error) => self.gone = error.kind() != ErrorKind::WouldBlock,
        }
    }

    fn hear(&mut self, line: &str, now: Instant, fill: &mut Fill<'_>) {
        self.heard = std::time::Instant::now();
        self.granted.get_or_insert(now);
        let until = line.strip_prefix("until ").and_then(|nanos| nanos.parse().ok());
        match (line, until) {
            ("now", _) => self.say(now.as_nanos()),
            (_, None) if line.starts_with("fill ") => match filling(line, fill) {
                Ok(()) => self.say(now.as_nanos()),
                Err(wrong) => self.say(wrong),
            },
            (_, Some(nanos)) => {
                let deadline = Instant::from_nanos(nanos);
                (self.granted, self.waits_for) = (Some(deadline), Some(deadline));
            }
            _ => self.gone = true,
        }
    }

    fn say(&mut self, what: impl std::fmt::Display) {
        self.gone |= writeln!(self.stream, "{what}").is_err();
    }
}

/// Does what a line says that begins with `fill`.
fn filling(line: &str, fill: &mut Fill<'_>) -> Result<(), String> {
    let words = line.strip_prefix("fill ").and_then(|rest| rest.split_once(' '));
    let volume = |(ul, pump): (&str, &str)| Some((PumpId::from(pump), ul.parse::<f64>().ok()?));
    match words.and_then(volume).filter(|(_, ul)| (0.0..=MOST_UL).contains(ul)) {
        Some((pump, ul)) => fill(pump, Volume::from_ul(ul)),
        None => Err(format!("`{line}` is not a filling")),
    }
}
