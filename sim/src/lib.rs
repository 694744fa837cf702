//! A simulated lab: continuous-flow chemistry in slugs, from the plunger to the pixel.

pub mod spec;
