//! What `check` and `crawl` are both told about the source and how it is read.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::source;
use crate::crawl::{Limits, Source, fetch};
use crate::pipeline::Request;

#[derive(Debug, Args)]
pub(super) struct ReadingArgs {
    /// Where the documentation is: addresses (https://docs.example.eu), or a folder of HTML, PDF, Markdown and text files, or a web archive (WARC).
    #[arg(value_name = "ADDRESS|FOLDER|WARC", required = true)]
    pub(super) source: Vec<String>,
    /// Most pages that are read [default: 150 of a site, 2000 of a folder or archive].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pages: Option<u32>,
    /// Least pause between two requests to one host, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    pause: f64,
    /// A host on another name that belongs to the service too; may be given more than once.
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,
    /// Render pages that show nothing without JavaScript in a local Chromium, which reaches nothing but through this crawl.
    #[arg(long)]
    render: bool,
    /// The Chromium for --render: a path, or a name that is looked up along PATH.
    #[arg(long, value_name = "PROGRAM", env = "SOVCHECK_CHROMIUM", default_value = "chromium")]
    chromium: PathBuf,
    /// How a site's owner reaches you: sent with every request.
    #[arg(long, value_name = "MAIL|ADDRESS", env = "SOVCHECK_CONTACT")]
    contact: Option<String>,
    /// Ports of 127.0.0.1 that may be read, for tests of this program.
    #[arg(long, env = "SOVCHECK_TEST_OPEN_PORTS", value_delimiter = ',', hide = true)]
    open_port: Vec<u16>,
    /// A name server to ask instead of the system's, for tests of this program.
    #[arg(long, env = "SOVCHECK_TEST_NAME_SERVER", hide = true)]
    name_server: Option<SocketAddr>,
}

/// A variable of the environment.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// This program's own file, to run it once more for one document.
pub(super) fn own_file() -> Option<PathBuf> {
    std::env::current_exe().ok()
}

fn seconds(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|s| (0.0..=3600.0).contains(s)).ok_or_else(|| "expected seconds from 0 to 3600".to_owned())
}

impl ReadingArgs {
    /// The source.
    ///
    /// # Errors
    /// It is neither a folder nor addresses.
    pub(super) fn source(&self) -> anyhow::Result<Source> {
        source::parse(&self.source)
    }

    /// How a site's owner reaches the operator.
    pub(super) fn contact(&self) -> Option<&str> {
        self.contact.as_deref()
    }

    /// Tells the operator that sites should know whom to ask.
    pub(super) fn remind(&self, source: &Source) {
        if matches!(source, Source::Site(_)) && self.contact.is_none() && self.pause > 0.0 {
            eprintln!("note: no --contact is given, so the owners of the sites cannot reach you");
        }
    }

    /// What may be spent on `source`.
    pub(super) fn limits(&self, source: &Source) -> Limits {
        let usual = if matches!(source, Source::Site(_)) { Request::SITE_PAGES } else { Request::FOLDER_PAGES };
        let pages = self.pages.map_or(usual, |n| n as usize);
        Limits { hosts: self.host.clone(), ..Limits::new(pages, Duration::from_secs_f64(self.pause)) }
    }

    /// How requests are made.
    pub(super) fn settings(&self) -> fetch::Settings {
        fetch::Settings {
            open_ports: self.open_port.clone(),
            name_server: self.name_server,
            contact: self.contact.clone(),
            chromium: self.render.then(|| self.chromium.clone()),
            reader: own_file(),
            ..fetch::Settings::default()
        }
    }
}
