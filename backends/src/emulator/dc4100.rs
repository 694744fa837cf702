//! An emulated Thorlabs DC4100, by its ASCII protocol.

use flowtwin_lab::{Command, Lab, LightId, Setting};

use super::{Ailment, Emulator, Line};

/// LEDs of a DC4100.
const CHANNELS: usize = 4;
/// Largest current of an LED [mA].
const MOST_MA: f64 = 1000.0;
/// Status bits of missing LEDs 1 to 4.
const NO_LED: [u32; CHANNELS] = [0x20, 0x80, 0x200, 0x800];

/// An LED driver that switches up to four lights of the lab behind.
#[derive(Debug)]
pub struct Dc4100Emulator {
    serial_number: String,
    mode: u8,
    multi: bool,
    channels: [Channel; CHANNELS],
    powered: bool,
}

#[derive(Debug, Default)]
struct Channel {
    light: Option<LightId>,
    on: bool,
    current_ma: f64,
    brightness: f64,
}

impl Dc4100Emulator {
    /// A driver for these lights, by channel.
    pub fn new(lights: [Option<LightId>; CHANNELS], serial_number: &str) -> Self {
        Self {
            serial_number: serial_number.to_owned(),
            mode: 0,
            multi: true,
            channels: lights.map(|light| Channel { light, ..Channel::default() }),
            powered: true,
        }
    }

    /// The answer to a line; none where the instrument stays silent.
    fn answer(&mut self, sent: &str, world: &mut dyn Lab) -> Option<String> {
        let words: Vec<&str> = sent.split_whitespace().collect();
        match words[..] {
            ["n?"] => Some("DC4100".into()),
            ["s?"] => Some(self.serial_number.clone()),
            ["v?"] => Some("1.4".into()),
            ["e?"] => Some("0".into()),
            ["r?"] => Some(self.status().to_string()),
            ["m?"] => Some(self.mode.to_string()),
            ["sm?"] => Some(u8::from(!self.multi).to_string()),
            [question, channel] if question.ends_with('?') => {
                let channel = self.channel(channel)?;
                if let Some(light) = channel.light.clone().filter(|_| question == "o?") {
                    super::look_behind(Setting::Light(light), world);
                }
                tell(channel, question)
            }
            _ => {
                self.take(&words, world);
                None
            }
        }
    }

    fn take(&mut self, words: &[&str], world: &mut dyn Lab) {
        match *words {
            ["m", mode] => self.mode = mode.parse().ok().filter(|m| *m <= 2).unwrap_or(self.mode),
            ["sm", single] => self.multi = single != "0",
            ["o", "-1", state] => {
                for number in 0..CHANNELS {
                    self.switch(number, state == "1", world);
                }
            }
            ["o", channel, state] => {
                if let Some(number) = number(channel) {
                    self.switch(number, state == "1", world);
                }
            }
            [what @ ("cc" | "bp"), channel, value] => {
                let most = if what == "cc" { MOST_MA } else { 100.0 };
                let value = value.parse().ok().filter(|v| (0.0..=most).contains(v));
                let channel = number(channel).map(|n| &mut self.channels[n]);
                if let (Some(channel), Some(value)) = (channel, value) {
                    match what {
                        "cc" => channel.current_ma = value,
                        _ => channel.brightness = value,
                    }
                }
            }
            _ => {}
        }
    }

    fn channel(&self, text: &str) -> Option<&Channel> {
        number(text).map(|n| &self.channels[n])
    }

    fn switch(&mut self, number: usize, on: bool, world: &mut dyn Lab) {
        let channel = &mut self.channels[number];
        match channel.light.clone() {
            Some(light) => {
                if world.send(&Command::Light { light, on }).is_ok() {
                    channel.on = on;
                }
            }
            None => channel.on = false,
        }
    }

    fn status(&self) -> u32 {
        self.channels
            .iter()
            .zip(NO_LED)
            .filter(|(channel, _)| channel.light.is_none())
            .fold(0, |bits, (_, bit)| bits | bit)
    }
}

fn number(text: &str) -> Option<usize> {
    text.parse().ok().filter(|n| *n < CHANNELS)
}

fn tell(channel: &Channel, question: &str) -> Option<String> {
    match question {
        "o?" => Some(u8::from(channel.on).to_string()),
        "cc?" => Some(format!("{:.0}", channel.current_ma)),
        "bp?" => Some(format!("{:.0}", channel.brightness)),
        "wl?" => Some("300".into()),
        _ => None,
    }
}

impl Emulator for Dc4100Emulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        let powered = self.powered;
        super::answer_lines(line, powered, "\r\n", |sent| self.answer(sent, world));
    }

    fn afflict(&mut self, ailment: Ailment, begins: bool, world: &mut dyn Lab) -> bool {
        if ailment != Ailment::PowerLoss {
            return false;
        }
        for number in 0..CHANNELS {
            self.switch(number, false, world);
        }
        self.powered = !begins;
        true
    }
}
