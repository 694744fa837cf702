//! Where an emulated instrument is to be found.

use serde::Serialize;

use super::door::Door;

/// Where an emulated instrument is to be found, as the line printed at the start says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// Its section in the bench file.
    pub kind: &'static str,
    /// Path of its pseudo-terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its TCP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Endpoint {
    pub(super) fn of(kind: &'static str, door: &Door) -> Self {
        let address = door.address().map(|address| address.to_string());
        Self { kind, path: door.path().map(str::to_owned), address }
    }
}
