//! The Python module `flowtwin._flowtwin`: the library crates as objects of Python, and the command.
//!
//! The package around it, `python/flowtwin/`, is what people see; its stubs say what each object is.

mod command;
mod conditions;
mod errors;
mod exit;
mod lab;
mod observation;
mod outside;
mod page;
mod policy;
mod rig_study;
mod run;
mod scenario;
mod shadow;
mod space;
mod studies;
mod surrogate;
mod table;
mod waiting;

use pyo3::prelude::*;

/// The engine of flowtwin.
#[pymodule(name = "_flowtwin")]
mod module {
    #[pymodule_export]
    use crate::command::main;
    #[pymodule_export]
    use crate::exit::{forget, leave};
    #[pymodule_export]
    use crate::lab::Lab;
    #[pymodule_export]
    use crate::observation::{Observation, Spectrum};
    #[pymodule_export]
    use crate::page::framed;
    #[pymodule_export]
    use crate::policy::Chooser;
    #[pymodule_export]
    use crate::rig_study::{drawn_up, read_off};
    #[pymodule_export]
    use crate::run::{Left, run};
    #[pymodule_export]
    use crate::scenario::{Checked, example, schema, toml_of};
    #[pymodule_export]
    use crate::shadow::shadow;
    #[pymodule_export]
    use crate::space::Space;
    #[pymodule_export]
    use crate::studies::{Found, calibrate, claims, compared};
    #[pymodule_export]
    use crate::surrogate::Fitted;
    #[pymodule_export]
    use crate::table::Frame;

    use super::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
