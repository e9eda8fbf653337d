//! `sovcheck read-document`: the other side of `crawl::apart`. Reads one document from standard input under a cap on
//! memory and time, and writes it as JSON. Not for people.

use std::io::{Read, Write};

use clap::Args;

use super::{Ended, Exit};
use crate::crawl::apart::{MAX_MEMORY, MAX_SECONDS};
use crate::crawl::visit::read_now;
use crate::read::style::Linked;
use rlimit::Resource;

#[derive(Debug, Args)]
pub(super) struct ReadDocumentArgs {
    #[arg(long, default_value = "")]
    media: String,
    #[arg(long, default_value = "")]
    address: String,
}

pub(super) fn run(args: &ReadDocumentArgs) -> Ended {
    let fault = |error: anyhow::Error| (Exit::Fault, error);
    // Where a system knows no such limits the document is read all the same: the parent still has its clock.
    for (resource, most) in [(Resource::AS, MAX_MEMORY), (Resource::CPU, MAX_SECONDS)] {
        if resource.is_supported() {
            resource.set(most, most).map_err(|error| fault(error.into()))?;
        }
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(|error| fault(error.into()))?;
    let reply = serde_json::to_vec(&read_now(&bytes, &args.media, &args.address, &Linked::new())).map_err(|error| fault(error.into()))?;
    std::io::stdout().lock().write_all(&reply).map_err(|error| fault(error.into()))?;
    Ok(Exit::Done)
}
