//! The Python drivers that come as examples: what they do when an instrument does not answer, or does not do what it was told.

use std::process::{Command, Stdio};

use crate::support::root;

/// Runs Python beside the example drivers, without requests; it must end well.
fn python(script: &str) {
    let done = Command::new("python3")
        .args(["-B", "-c", script, "somewhere:1", "1"])
        .current_dir(root().join("examples/instruments"))
        .stdin(Stdio::null())
        .output()
        .expect("python3 is there");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// A line on which nobody answers, or somebody who does nothing; `sent` is what was sent.
const LINES: &str = r"
from flowtwin_instrument import Fault
class Dead:
    def __init__(self): self.sent = []
    def ask(self, request, **more):
        self.sent.append(request)
        raise TimeoutError('nothing came')
class Stubborn:
    def __init__(self, answer): self.answer, self.sent = answer, []
    def tell(self, request): self.sent.append(request)
    def ask(self, request, **more):
        self.sent.append(request)
        return self.answer(request) if callable(self.answer) else self.answer
def refused(do):
    try: do()
    except Fault as fault: assert fault.told['kind'] == 'refused', fault
    else: raise SystemExit('it took it for done')
";

fn with_lines(script: &str) {
    python(&format!("{LINES}\n{script}"));
}

/// A program would go on telling an instrument that has closed the line, and take that for done.
#[test]
fn an_instrument_that_has_closed_the_line_cannot_be_told_anything() {
    python(
        r"
import socket
from flowtwin_instrument import Fault, Line
door = socket.create_server(('127.0.0.1', 0))
line = Line(f'127.0.0.1:{door.getsockname()[1]}', patience_s=30)
door.accept()[0].close()
import select
select.select([line.fd], [], [])
try: line.tell(b'OUTPUT1:STATE OFF\n')
except Fault as fault: assert fault.told['kind'] == 'link_lost', fault
else: raise SystemExit('it was told')
",
    );
}

/// The first stop pauses a New Era pump, the second one stops it, whoever hears.
#[test]
fn both_stops_are_sent_to_a_pump_that_does_not_answer() {
    with_lines(
        r"
import new_era
pump = new_era.NewEra()
pump.line = Dead()
try: pump.stop()
except TimeoutError: pass
else: raise SystemExit('nobody has answered')
stops = [request for request in pump.line.sent if request.endswith(b'STP\r')]
assert len(stops) == 2, pump.line.sent
",
    );
}

#[test]
fn what_an_instrument_acknowledges_and_does_not_do_is_refused() {
    with_lines(
        r"
import f4t_scpi, led, new_era, chemyx, eurotherm
heater = f4t_scpi.F4t()
heater.line = Stubborn(b'ON\n')
refused(heater.off)
lamp = led.Led()
lamp.line = Stubborn(b'1\n')
refused(lambda: lamp.switch(False))
lamp.line = Stubborn(b'0\n')
refused(lambda: lamp.switch(True))
pump = new_era.NewEra()
pump.line = Stubborn(b'\x0200I\x03')
refused(pump.stop)
pump = chemyx.Chemyx()
pump.line = Stubborn(b'1\r\n>')
refused(pump.stop)
plate = eurotherm.Eurotherm()
plate.exchange = lambda pdu, count: bytes([1, 3, 2, 0, 0, 0, 0])
refused(plate.off)
",
    );
}

/// Each look at a pump costs one request: its answer holds all that is looked for.
#[test]
fn a_chemyx_pump_is_asked_once_for_its_rate_and_its_settings() {
    with_lines(
        r"
import chemyx
pump = chemyx.Chemyx()
said = 'unit = 2\r\ndia = 20.000\r\nrate = 5.000000\r\ntime = 0\r\nvolume = 4.0\r\ndelay = 0\r\n>'
pump.line, pump.bore_mm = Stubborn(said.encode()), 20.0
assert pump.rate_ul_per_min() == 5.0
assert pump.line.sent == [b'view parameter\r'], pump.line.sent
for wrong in ('unit = 0', 'dia = 10.000'):
    name = wrong.split(' ')[0]
    lines = [wrong if line.startswith(name) else line for line in said.split('\r\n')]
    pump.line = Stubborn('\r\n'.join(lines).encode())
    try: pump.rate_ul_per_min()
    except Fault as fault: assert fault.told['kind'] == 'kept_other', fault
    else: raise SystemExit(wrong)
",
    );
}
