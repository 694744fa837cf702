//! Modbus requests and replies (protocol data units), framed by [`super::rtu`] or [`super::tcp`].

/// How requests are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Serial line: unit, data, CRC.
    Rtu,
    /// TCP: transaction, length, unit, data.
    Tcp,
}

/// Most registers one read may ask for.
pub const MOST_REGISTERS: u16 = 125;

/// What a host asks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Read holding (function 3) or input (function 4) registers.
    Read {
        /// Function code, 3 or 4.
        function: u8,
        /// First register, 0-based as on the wire.
        register: u16,
        /// How many.
        count: u16,
    },
    /// Write one register (function 6).
    WriteOne {
        /// The register.
        register: u16,
        /// The value.
        value: u16,
    },
    /// Write registers (function 16).
    WriteMany {
        /// First register.
        register: u16,
        /// The values.
        values: Vec<u16>,
    },
    /// A function this side does not know.
    Unknown {
        /// Function code.
        function: u8,
    },
}

/// What the instrument answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// The registers read.
    Registers(Vec<u16>),
    /// Registers were written: the first and how many, or the one and its value.
    Written {
        /// First register.
        register: u16,
        /// Their number (function 16) or the value (function 6).
        echo: u16,
    },
    /// The instrument said no.
    Exception(Exception),
}

/// Why a Modbus instrument said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception(pub u8);

impl Exception {
    /// The function is not supported.
    pub const FUNCTION: Self = Self(1);
    /// No such register, or the parameter is inactive.
    pub const ADDRESS: Self = Self(2);
    /// The value is out of its range.
    pub const VALUE: Self = Self(3);
    /// The instrument failed.
    pub const FAILURE: Self = Self(4);
    /// The instrument is busy.
    pub const BUSY: Self = Self(6);
}

impl std::fmt::Display for Exception {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let meaning = match self.0 {
            1 => "unknown function",
            2 => "no such register, or it is inactive",
            3 => "value out of range",
            4 => "instrument failure",
            6 => "busy",
            _ => "unknown exception",
        };
        write!(f, "Modbus exception {:02}: {meaning}", self.0)
    }
}

impl Request {
    /// Function code.
    pub fn function(&self) -> u8 {
        match self {
            Self::Read { function, .. } | Self::Unknown { function } => *function,
            Self::WriteOne { .. } => 6,
            Self::WriteMany { .. } => 16,
        }
    }

    /// The request as bytes, function code first.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![self.function()];
        match self {
            Self::Read { register, count, .. } => words(&mut out, &[*register, *count]),
            Self::WriteOne { register, value } => words(&mut out, &[*register, *value]),
            Self::WriteMany { register, values } => {
                words(&mut out, &[*register, values.len() as u16]);
                out.push((2 * values.len()) as u8);
                words(&mut out, values);
            }
            Self::Unknown { .. } => {}
        }
        out
    }

    /// A request from its bytes.
    ///
    /// # Errors
    /// The exception to answer with, if the bytes are no request.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Exception> {
        let Some((&function, rest)) = bytes.split_first() else {
            return Err(Exception::FUNCTION);
        };
        match function {
            3 | 4 if rest.len() == 4 => {
                Ok(Self::Read { function, register: word(rest, 0), count: word(rest, 2) })
            }
            6 if rest.len() == 4 => {
                Ok(Self::WriteOne { register: word(rest, 0), value: word(rest, 2) })
            }
            16 if rest.len() >= 5 => many(rest),
            3 | 4 | 6 | 16 => Err(Exception::VALUE),
            _ => Ok(Self::Unknown { function }),
        }
    }
}

fn many(rest: &[u8]) -> Result<Request, Exception> {
    let (count, bytes) = (word(rest, 2), usize::from(rest[4]));
    if bytes != 2 * usize::from(count) || rest.len() != 5 + bytes {
        return Err(Exception::VALUE);
    }
    Ok(Request::WriteMany { register: word(rest, 0), values: registers(&rest[5..]) })
}

impl Reply {
    /// The reply to a request of `function` as bytes.
    pub fn to_bytes(&self, function: u8) -> Vec<u8> {
        let mut out = vec![function];
        match self {
            Self::Registers(values) => {
                out.push((2 * values.len()) as u8);
                words(&mut out, values);
            }
            Self::Written { register, echo } => words(&mut out, &[*register, *echo]),
            Self::Exception(exception) => out = vec![function | 0x80, exception.0],
        }
        out
    }

    /// The reply to `request` from its bytes; none if they cannot be one.
    pub fn from_bytes(bytes: &[u8], request: &Request) -> Option<Self> {
        let (&function, rest) = bytes.split_first()?;
        if function == request.function() | 0x80 {
            return rest.first().map(|&code| Self::Exception(Exception(code)));
        }
        if function != request.function() {
            return None;
        }
        match request {
            Request::Read { count, .. } => {
                let (&bytes, data) = rest.split_first()?;
                let fits =
                    usize::from(bytes) == data.len() && data.len() == 2 * usize::from(*count);
                fits.then(|| Self::Registers(registers(data)))
            }
            Request::WriteOne { register, value } => written(rest, *register, *value),
            Request::WriteMany { register, values } => {
                written(rest, *register, values.len() as u16)
            }
            Request::Unknown { .. } => None,
        }
    }
}

fn written(rest: &[u8], register: u16, echo: u16) -> Option<Reply> {
    let fits = rest.len() == 4 && word(rest, 0) == register && word(rest, 2) == echo;
    fits.then_some(Reply::Written { register, echo })
}

fn word(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn words(out: &mut Vec<u8>, values: &[u16]) {
    out.extend(values.iter().flat_map(|v| v.to_be_bytes()));
}

fn registers(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|b| u16::from_be_bytes([b[0], b[1]])).collect()
}

/// Which half of a 32-bit number is in the lower register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordOrder {
    /// The low half: the F4T's default.
    #[default]
    LowFirst,
    /// The high half.
    HighFirst,
}

impl WordOrder {
    /// The order that this one is not.
    pub fn other(self) -> Self {
        match self {
            Self::LowFirst => Self::HighFirst,
            Self::HighFirst => Self::LowFirst,
        }
    }

    /// What a bench file calls it.
    pub fn key(self) -> &'static str {
        match self {
            Self::LowFirst => "low_first",
            Self::HighFirst => "high_first",
        }
    }

    /// A float as two registers.
    pub fn split(self, value: f32) -> [u16; 2] {
        let bits = value.to_bits();
        let (high, low) = ((bits >> 16) as u16, bits as u16);
        match self {
            Self::LowFirst => [low, high],
            Self::HighFirst => [high, low],
        }
    }

    /// A float from two registers.
    pub fn join(self, [first, second]: [u16; 2]) -> f32 {
        let (high, low) = match self {
            Self::LowFirst => (second, first),
            Self::HighFirst => (first, second),
        };
        f32::from_bits(u32::from(high) << 16 | u32::from(low))
    }
}
