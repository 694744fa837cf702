//! Where an emulated instrument is to be found.

use serde::Serialize;

use super::door::Door;
use crate::transport::SerialSettings;
use crate::wiring::Link;

/// The address of an emulated instrument, as the line printed at the start gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// Its section in the wiring file.
    pub kind: &'static str,
    /// Path of its pseudo-terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its TCP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Endpoint {
    /// The link by which a driver reaches it.
    pub fn link(&self) -> Option<Link> {
        let serial = |path: &String| Link::Serial(SerialSettings::at(path));
        self.path.as_ref().map(serial).or_else(|| self.address.clone().map(Link::Tcp))
    }

    pub(crate) fn of(kind: &'static str, door: &Door) -> Self {
        let address = door.address().map(|address| address.to_string());
        Self { kind, path: door.path().map(str::to_owned), address }
    }
}
