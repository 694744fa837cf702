//! Instruments and their imperfections.

pub(crate) mod detector;
pub(crate) mod heater;
pub(crate) mod light;
mod normals;
pub(crate) mod pump;
pub(crate) mod response;
