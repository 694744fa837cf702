//! The procedure, step by step, on a rig that takes down what it is told.

mod played;
mod ramps;
mod steps;
mod studies;
mod trouble;
mod volumes;
mod waits;
