//! Where on USB a spectrometer takes requests and gives replies.

/// Vendor of all Ocean spectrometers.
#[cfg(feature = "usb")]
pub(super) const VENDOR: u16 = 0x2457;

/// A model on USB: its product id, and its bulk endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsbPort {
    /// What it is called.
    pub(crate) model: &'static str,
    pub(super) product: u16,
    pub(super) spectra: Option<Spectra>,
}

/// Where spectra come that do not come where the other replies do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spectra {
    /// The first byte of a request for one.
    pub(super) request: u8,
    /// Its length \[bytes\].
    pub(super) bytes: usize,
    /// Bytes of it that come first, at an endpoint of their own, on a bus of high speed.
    pub(super) early: usize,
}

/// Endpoint for requests.
#[cfg(feature = "usb")]
pub(super) const REQUESTS: u8 = 0x01;
/// Endpoint for replies.
#[cfg(feature = "usb")]
pub(super) const REPLIES: u8 = 0x81;
/// Endpoint for spectra that do not come with the replies.
#[cfg(feature = "usb")]
pub(super) const SPECTRA: u8 = 0x82;
/// Endpoint for the beginning of a spectrum on a bus of high speed.
#[cfg(feature = "usb")]
pub(super) const EARLY: u8 = 0x86;

impl UsbPort {
    /// A model whose messages all come at one endpoint: those of the Ocean Binary Protocol.
    pub(crate) const fn messages(model: &'static str, product: u16) -> Self {
        Self { model, product, spectra: None }
    }

    /// A model whose spectra, asked for by `request`, come at an endpoint of their own, the first `early` bytes of them at
    /// another.
    pub(crate) const fn with_spectra(self, request: u8, bytes: usize, early: usize) -> Self {
        Self { spectra: Some(Spectra { request, bytes, early }), ..self }
    }
}
