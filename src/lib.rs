//! Campaigns of a self-driving fluidic lab, rehearsed and run.

pub mod report;
