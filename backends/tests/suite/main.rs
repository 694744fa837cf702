//! The promises of drivers, transports and emulators, held from outside.

mod emulated;
