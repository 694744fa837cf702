//! A wire with a script: what must be sent, and what is answered.

use std::collections::VecDeque;
use std::time::Duration;

use flowtwin_lab::FaultKind;

use super::Transport;

/// A request that must come next, and the answer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The bytes the driver must send.
    pub request: Vec<u8>,
    /// The bytes it then receives; nothing stands for silence.
    pub reply: Vec<u8>,
}

/// A wire for tests of drivers, to the byte.
///
/// # Panics
/// When a request differs from the script, and on drop when exchanges are left.
#[derive(Debug, Default)]
pub struct Scripted {
    script: VecDeque<Exchange>,
    arrived: Vec<u8>,
}

impl Scripted {
    /// A wire that expects these requests in order, and answers each.
    pub fn new(script: &[(&[u8], &[u8])]) -> Self {
        let script = script
            .iter()
            .map(|(request, reply)| Exchange { request: request.to_vec(), reply: reply.to_vec() })
            .collect();
        Self { script, arrived: Vec::new() }
    }
}

impl Transport for Scripted {
    fn write(&mut self, bytes: &[u8]) -> Result<(), FaultKind> {
        let next = self
            .script
            .pop_front()
            .unwrap_or_else(|| panic!("nothing more is expected, but {:?} was sent", show(bytes)));
        assert_eq!(show(bytes), show(&next.request), "what is sent");
        self.arrived.extend_from_slice(&next.reply);
        Ok(())
    }

    fn read(&mut self, into: &mut Vec<u8>, _: Duration) -> Result<usize, FaultKind> {
        let bytes = self.arrived.len();
        into.append(&mut self.arrived);
        Ok(bytes)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(
                self.script.is_empty(),
                "never sent: {:?}",
                self.script.iter().map(|e| show(&e.request)).collect::<Vec<_>>()
            );
        }
    }
}

fn show(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
