//! What emulated spectrometers have in common that speak the Ocean Binary Protocol and give one spectrum for each request.

use flowtwin_lab::{Lab, SpectrometerInfo};

use super::Line;
use crate::codec::obp::{self, Checksum, Header, Message, error, kind};
use crate::codec::take;

/// Coefficients of the response that are stored.
pub(super) const RESPONSE: u8 = 8;

/// What a request yields: data, none where it is only acknowledged, or an error number.
pub(super) type Answer = Result<Option<Vec<u8>>, u16>;

/// How an instrument is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Condition {
    pub(super) powered: bool,
    pub(super) busy: bool,
}

/// A spectrometer that gives one spectrum for each request.
pub(super) trait OneForEach {
    fn condition(&self) -> Condition;

    /// Whether this message asks for a spectrum.
    fn is_for_spectrum(&self, kind: u32) -> bool;

    /// The spectrum that was asked for, by the line that is `measuring`; none before it is complete.
    fn spectrum(&mut self, measuring: &mut bool, world: &mut dyn Lab) -> Option<Answer>;

    /// The answer to any other message.
    fn answer(&mut self, kind: u32, data: &[u8], world: &mut dyn Lab) -> Answer;
}

/// Answers what has come on a line. Other messages are answered while a spectrum is taken.
pub(super) fn serve(one: &mut impl OneForEach, line: &mut Line, world: &mut dyn Lab) {
    let Condition { powered, busy } = one.condition();
    if !powered {
        line.input.clear();
        line.waiting = None;
        return;
    }
    loop {
        if let Some(message) = line.waiting.take() {
            let answer = match busy {
                true => {
                    line.measuring = false;
                    Some(Err(error::NOT_READY))
                }
                false => one.spectrum(&mut line.measuring, world),
            };
            match answer {
                Some(answer) => reply(&message, &answer, &mut line.output),
                None => line.waiting = Some(message),
            }
        }
        let Some(message) = take(&mut line.input, obp::scan) else { return };
        let asked = message.header.kind;
        let is_for_spectrum = one.is_for_spectrum(asked);
        if is_for_spectrum && message.intact && line.waiting.is_none() {
            line.waiting = Some(message);
            continue;
        }
        let answer = match (message.intact, is_for_spectrum || busy) {
            (false, _) => Err(error::CHECKSUM),
            (true, true) => Err(error::NOT_READY),
            (true, false) => one.answer(asked, &message.data, world),
        };
        reply(&message, &answer, &mut line.output);
    }
}

/// A coefficient of the wavelengths, or of the response for counts that are `divisor` times those of the lab behind.
pub(super) fn coefficient(
    info: Option<&SpectrometerInfo>,
    kind: u32,
    data: &[u8],
    divisor: f32,
) -> Answer {
    let (Some(info), &[i]) = (info, data) else { return Err(error::LENGTH) };
    let at = usize::from(i);
    let value = match (kind, &info.nonlinearity[..]) {
        (kind::WAVELENGTH, _) => info.wavelength_coefficients.get(at).copied(),
        _ if i >= RESPONSE => None,
        (_, []) => Some(f32::from(u8::from(i == 0))),
        (_, terms) => Some(terms.get(at).copied().unwrap_or(0.0) / divisor.powi(i.into())),
    };
    value.map(|value| Some(value.to_le_bytes().to_vec())).ok_or(error::MISSING)
}

/// Appends the reply to `message`.
fn reply(message: &Message, answer: &Answer, out: &mut Vec<u8>) {
    let request = message.header;
    let wants_ack = request.flags & obp::ACK_REQUESTED != 0;
    let header = |flags, error| Header {
        flags: obp::RESPONSE | flags,
        error,
        checksum: Checksum::None,
        ..request
    };
    let ack = if wants_ack { obp::ACK } else { 0 };
    match answer {
        Ok(Some(data)) => {
            obp::write(out, header(ack, 0), data.len(), |out| out.extend_from_slice(data));
        }
        Ok(None) if wants_ack => obp::write(out, header(ack, 0), 0, |_| {}),
        Ok(None) => {}
        Err(number) => obp::write(out, header(obp::NACK, *number), 0, |_| {}),
    }
}
