//! Frames and texts of the instruments' protocols: bytes to meaning and back, without any input or
//! output.
//!
//! Every protocol has a `scan` that looks at the bytes received so far and returns what they begin
//! with. It never panics, whatever the bytes and however they are split; property tests hold it to
//! that.

pub mod chemyx;
pub mod crc;
pub mod f4t;
pub mod hdx;
pub mod line;
pub mod modbus;
pub mod obp;
pub mod ooi;
pub mod program;
pub mod qe_pro;
pub mod rtu;
pub mod sts;
pub mod tcp;

/// What the bytes received so far begin with.
#[derive(Clone, Debug, PartialEq)]
pub enum Scan<T> {
    /// The beginning of something: wait for more.
    Incomplete,
    /// So many bytes that cannot begin anything: drop them.
    Junk(usize),
    /// A whole frame, and the number of bytes it takes.
    Frame(T, usize),
}

/// Takes the first whole frame out of `input`, dropping junk before it; none while it is
/// incomplete.
pub fn take<T>(input: &mut Vec<u8>, scan: impl Fn(&[u8]) -> Scan<T>) -> Option<T> {
    let mut at = 0;
    let frame = loop {
        match scan(&input[at..]) {
            Scan::Incomplete => break None,
            Scan::Junk(bytes) => at += bytes.max(1),
            Scan::Frame(frame, bytes) => {
                at += bytes;
                break Some(frame);
            }
        }
        if at >= input.len() {
            break None;
        }
    };
    input.drain(..at.min(input.len()));
    frame
}
