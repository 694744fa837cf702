//! A page that shows a run while it goes on, or plays a recorded one.
//!
//! ```text
//!   run folder ── journal.jsonl ──► Tail ──► events ──► browser, as many as you like
//!                       │            (one for each browser: it reads as fast as its browser takes)
//!                       └─────────► Census ──► /metrics, the list of runs
//! ```
//!
//! 1. [`Server`]: a thread with a web server, on this computer only.
//! 2. [`Runs`]: which run folders it shows. A browser names a run, never a path.
//! 3. [`Tail`]: the complete lines of a journal behind a place in it.
//! 4. [`Census`]: how far a run is, counted line by line.
//! 5. [`Control`]: what a browser with the token may order.
//! 6. [`Review`]: a proposal on which such a browser may decide.
//! 7. [`Computed`]: what a model believes of a run, and the spectra that its simulator expects, which this crate cannot know.
//!
//! The server only reads, except for orders with a token: a campaign does not know that it is there, and writes the same bytes without it.
//! It waits only for decisions on proposals, if a review was requested.
//!
//! # Example
//!
//! ```
//! use flowtwin_serve::{Computed, Reach, Runs, Server};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runs = Runs::new(["runs".into()]);
//! let server = Server::start("127.0.0.1:0".parse()?, Reach::ThisComputer, runs, None, Computed::default())?;
//! println!("the page is at http://{}/", server.address());
//! # Ok(())
//! # }
//! ```

mod census;
mod computed;
mod control;
mod event;
mod guard;
mod metrics;
mod page;
mod place;
mod reach;
mod review;
mod routes;
mod runs;
mod server;
mod stream;
mod tail;

pub use census::Census;
pub use computed::{Computed, Measured, Question, Teller};
pub use control::Control;
pub use reach::{NotASite, Reach, SiteName};
pub use review::{Asked, Review, Take};
pub use runs::{Found, Runs};
pub use server::{ServeError, Server};
pub use tail::{Lines, Tail};
