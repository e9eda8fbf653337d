//! `sovcheck framework`: validating editions.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{Ended, Exit, output};
use crate::framework::{Framework, load};

#[derive(Debug, Subcommand)]
pub(super) enum FrameworkCommand {
    /// Read an edition with its knowledge files and report every fault with file, line and key.
    Check {
        /// The edition's TOML file; without one, the edition that ships with the program is checked.
        file: Option<PathBuf>,
    },
}

pub(super) fn run(command: &FrameworkCommand) -> Ended {
    let FrameworkCommand::Check { file } = command;
    let framework = match file {
        Some(file) => load::from_path(file),
        None => load::embedded_checked(),
    }
    .map_err(|error| (Exit::BadInput, error.into()))?;
    let options: usize = framework.factors.iter().map(|f| f.options.len()).sum();
    let with_rules =
        framework.factors.iter().filter(|f| framework.knowledge.rules.iter().any(|r| r.factor == f.id && r.claim.is_some())).count();
    output::print(&format!(
        "{} {}: {} objectives, {} factors, {options} options, {} weight sets, {} rules for {with_rules} factors. No faults.\nsha256 {}\n",
        framework.id,
        framework.edition,
        framework.objectives.len(),
        framework.factors.len(),
        framework.weights.len(),
        framework.knowledge.rules.len(),
        framework.sha256,
    ))
}

/// The user's edition, or the one that ships with the program.
pub(super) fn chosen(file: Option<&Path>) -> Result<Framework, (Exit, anyhow::Error)> {
    match file {
        Some(file) => load::from_path(file),
        None => load::embedded(),
    }
    .map_err(|error| (Exit::BadInput, error.into()))
}
