//! flowtwin sim.
