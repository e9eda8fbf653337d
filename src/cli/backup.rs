//! `sovcheck backup` and `sovcheck restore`: everything that is kept, as one file that either database reads back.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::serve::{SettingsArgs, open};
use super::{Ended, Exit, output};
use crate::clock;
use crate::store::{BackupError, Store};

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// The file to write; it must not be there yet.
    file: PathBuf,
    #[command(flatten)]
    settings: SettingsArgs,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// The file to read.
    file: PathBuf,
    #[command(flatten)]
    settings: SettingsArgs,
}

fn exit_of(error: &BackupError) -> Exit {
    match error {
        BackupError::Store(_) | BackupError::Write(_) => Exit::Fault,
        BackupError::Read(_)
        | BackupError::Line { .. }
        | BackupError::Newer
        | BackupError::NotEmpty(_)
        | BackupError::CutOff
        | BackupError::Damaged => Exit::BadInput,
    }
}

pub(super) async fn backup(args: BackupArgs) -> Ended {
    let store = open(&args.settings.load(Vec::new())?).await?;
    if args.file.exists() {
        return Err((Exit::BadInput, anyhow::anyhow!("{} is there already", args.file.display())));
    }
    let rows = write(&store, &args.file).await?;
    store.close().await;
    output::print(&said("backed up", &rows))
}

/// Writes by way of a file beside it, so that a stop leaves a whole backup or none.
async fn write(store: &Store, path: &Path) -> Result<BTreeMap<String, u64>, (Exit, anyhow::Error)> {
    let fault = |error: anyhow::Error| (Exit::Fault, error);
    let part = path.with_added_extension("part");
    let cannot = || format!("could not write {}", part.display());
    // It holds what visitors wrote: nobody else may read it.
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part).with_context(cannot).map_err(fault)?;
    let mut packed = zstd::Encoder::new(BufWriter::new(file), 0).with_context(cannot).map_err(fault)?;
    let done = store.back_up(&mut packed, clock::now_ms()).await;
    let kept = done.map_err(|error| (exit_of(&error), error.into())).and_then(|rows| {
        let buffered = packed.finish().with_context(cannot).map_err(fault)?;
        let file = buffered.into_inner().map_err(|error| fault(error.into_error().into()))?;
        file.sync_all().with_context(cannot).map_err(fault)?;
        std::fs::rename(&part, path).with_context(cannot).map_err(fault)?;
        Ok(rows)
    });
    if kept.is_err() {
        // What is left of it is of no use; that it cannot be removed changes nothing.
        let _ = std::fs::remove_file(&part);
    }
    kept
}

pub(super) async fn restore(args: RestoreArgs) -> Ended {
    let bad = |error: anyhow::Error| (Exit::BadInput, error);
    let file = File::open(&args.file).with_context(|| format!("could not read {}", args.file.display())).map_err(bad)?;
    let unpacked = zstd::Decoder::new(file).context("could not read the backup").map_err(bad)?;
    let store = open(&args.settings.load(Vec::new())?).await?;
    let done = store.restore(BufReader::new(unpacked)).await;
    store.close().await;
    let rows = done.map_err(|error| (exit_of(&error), anyhow::Error::from(error)))?;
    output::print(&said("restored", &rows))
}

fn said(what: &str, rows: &BTreeMap<String, u64>) -> String {
    let tables: String = rows.iter().map(|(table, count)| format!("  {count:>8} {table}\n")).collect();
    format!("{what} {} rows\n{tables}", rows.values().sum::<u64>())
}
