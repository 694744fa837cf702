//! The physics: one model in each file, as plain functions of plain numbers.

pub(crate) mod chromatogram;
pub(crate) mod dispersion;
pub(crate) mod emission;
pub(crate) mod kernel;
pub(crate) mod liquid;
pub(crate) mod network;
pub(crate) mod particles;
pub(crate) mod reaction;
pub(crate) mod segmentation;
pub(crate) mod transfer;
