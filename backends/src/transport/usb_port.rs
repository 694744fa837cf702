//! Where on USB a spectrometer takes requests and gives replies.

/// A model on USB: its product id, and its bulk endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsbPort {
    /// What it is called.
    pub(crate) model: &'static str,
    /// Its product id.
    pub(crate) product: u16,
    /// Where requests go, and where replies come from.
    pub(crate) endpoints: (u8, u8),
    /// Where the bytes of spectra come, in their order, and how many at each; none where they come as replies do. With them,
    /// what comes is put into [packets](crate::codec::ooi::Packet).
    pub(crate) spectra: &'static [(u8, usize)],
}

impl UsbPort {
    /// A model whose messages all come at one endpoint: those of the Ocean Binary Protocol.
    pub(crate) const fn messages(model: &'static str, product: u16) -> Self {
        Self { model, product, endpoints: (0x01, 0x81), spectra: &[] }
    }
}
