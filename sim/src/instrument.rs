//! Instruments and their imperfections.

pub(crate) mod detector;
pub(crate) mod heater;
pub(crate) mod light;
pub(crate) mod pump;
