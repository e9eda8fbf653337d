//! Writing results: to standard output, or to files that are whole or not there.

use std::io::Write;
use std::path::Path;

use anyhow::Context;

use super::{Ended, Exit};

/// Prints to standard output. A reader that went away (`| head`) is no fault.
pub(super) fn print(text: &str) -> Ended {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => Ok(Exit::Done),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(error) => Err((Exit::Fault, anyhow::Error::new(error).context("could not write to standard output"))),
    }
}

/// Writes a file by way of a temporary one beside it, so that a stop leaves the old one or the new one.
pub(super) fn write_file(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("could not make the folder {}", folder.display()))?;
    let path = folder.join(name);
    let part = folder.join(format!(".{name}.part"));
    std::fs::write(&part, text).with_context(|| format!("could not write {}", part.display()))?;
    std::fs::rename(&part, &path).with_context(|| format!("could not write {}", path.display()))
}
