//! The promises of drivers, transports and emulators, held from outside.

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
mod programs;
mod protocols;
mod server;
mod spectrometer;
mod wiring;
mod word_order;
mod wrong_protocols;
