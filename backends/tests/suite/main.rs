//! The promises of drivers, transports and emulators, held from outside.

#[cfg(unix)]
mod beats;
mod codecs;
mod drivers;
mod emulated;
mod emulators;
mod faults;
mod folder;
mod fuzzed;
mod halves;
mod heartbeat;
mod ocean;
mod power;
#[cfg(unix)]
mod programs;
mod protocols;
#[cfg(unix)]
mod server;
mod spectrometer;
mod wiring;
mod word_order;
mod wrong_protocols;
