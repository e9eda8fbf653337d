//! How a crawl went, page by page: what was read in which order and why, what was not and why.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::domain::page::{SiteHost, Unread, Why};

/// Most addresses that are listed of each reason for not reading.
const LISTED: usize = 12;

/// A page that was read.
pub(super) struct Line<'a> {
    pub(super) number: u32,
    pub(super) address: &'a str,
    pub(super) reason: &'a str,
}

/// The order of reading with the value of each page and how it came about.
pub(super) fn order<'a>(pages: impl IntoIterator<Item = Line<'a>>) -> String {
    let mut out = "Pages in the order of reading: value, topics, and what led there\n".to_owned();
    for page in pages {
        let _infallible = writeln!(out, "{:>5}  {}\n       {}", page.number, page.address, page.reason);
    }
    out
}

/// What was not read, by reason; `hosts` as they were met.
pub(super) fn rest(unread: &[Unread], hosts: &[SiteHost]) -> String {
    let mut out = String::new();
    if !hosts.is_empty() {
        out.push_str("\nHosts of the service\n");
    }
    for host in hosts {
        let role = host.role.as_deref().map(|role| format!(" ({role})")).unwrap_or_default();
        let _infallible = writeln!(out, "  {}{role}: {}", host.host, host.how);
    }
    let mut by_reason: BTreeMap<Why, Vec<&Unread>> = BTreeMap::new();
    unread.iter().for_each(|unread| by_reason.entry(unread.why).or_default().push(unread));
    for (why, list) in by_reason {
        let _infallible = writeln!(out, "\nNot read, {}: {}", why.name(), list.len());
        for unread in list.iter().take(LISTED) {
            let _infallible = writeln!(out, "  {}\n      {}", unread.address, unread.detail);
        }
        if list.len() > LISTED {
            let _infallible = writeln!(out, "  … and {} more", list.len() - LISTED);
        }
    }
    out
}
