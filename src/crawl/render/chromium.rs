//! One Chromium process: how it is started without a network, and how it is ended.
//!
//! It must never reach the network by itself. Every request of a page is answered by the crawl's own client; this file
//! makes sure that whatever is not asked for that way fails: all traffic goes to a proxy port that nobody listens on,
//! loopback included, and no name resolves. The process is steered over two pipes and opens no debugging port, so no
//! page and no other user of the machine can steer it, and it ends by itself should this process be killed.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio::net::unix::pipe;
use tokio::time;

use super::RenderError;
use super::wire::Wire;

/// Longest time until Chromium answers for the first time.
const MAX_START: Duration = Duration::from_secs(30);
/// How often, and with which pause, the profile folder is removed while dying processes may still write to it.
const REMOVALS: u32 = 100;
const REMOVAL_PAUSE: Duration = Duration::from_millis(10);

/// Hands the pipes on as the descriptors that Chromium expects, and nothing of this process's environment but the path:
/// a key that stands there is no business of a page's.
const LAUNCH: &str = r#"exec env -i PATH="${PATH:-/usr/bin:/bin}" HOME="$0" TMPDIR="$0" XDG_CONFIG_HOME="$0" XDG_CACHE_HOME="$0" \
DBUS_SESSION_BUS_ADDRESS=disabled: DBUS_SYSTEM_BUS_ADDRESS=disabled: LANG=C.UTF-8 "$@" 3<&0 4>&1 </dev/null >/dev/null"#;

const FLAGS: &[&str] = &[
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--password-store=basic",
    "--window-size=1280,4000",
    "--js-flags=--max-old-space-size=512",
    // What Chromium would send on its own account.
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-pings",
    "--no-service-autorun",
    // What a page could send past the proxy.
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--dns-prefetch-disable",
    "--disable-quic",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-features=AsyncDns,DialMediaRouteProvider,DnsOverHttps,HttpsUpgrades,MediaRouter,OptimizationHints,Prerender2,\
     SpeculationRulesPrefetchFuture,Translate,WebRtcHideLocalIpsWithMdns",
    // What a page could ask for.
    "--deny-permission-prompts",
    "--disable-3d-apis",
    "--disable-notifications",
    "--disable-speech-api",
    "--block-new-web-contents",
    // A page that is not in front must run at full speed all the same.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
];

/// A running Chromium.
pub(super) struct Chromium {
    pub wire: Wire,
    process: Child,
    profile: TempDir,
    /// Keeps the proxy's port from anyone who might listen on it.
    _proxy: TcpSocket,
}

impl Chromium {
    /// Starts `program` with a fresh profile, and waits until it answers.
    pub async fn start(program: &Path) -> Result<Self, RenderError> {
        let failed = |error: io::Error| RenderError::Start(error.to_string());
        let profile = tempfile::Builder::new().prefix("sovcheck-render-").tempdir().map_err(failed)?;
        let folder = profile.path();
        let (proxy, port) = dead_port().map_err(failed)?;
        let (input, to) = io::pipe().map_err(failed)?;
        let (from, output) = io::pipe().map_err(failed)?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", LAUNCH]).arg(folder).arg(program).args(FLAGS);
        command.arg(format!("--proxy-server=http://127.0.0.1:{port}"));
        command.arg(format!("--user-data-dir={}", folder.display()));
        if fs::metadata(folder).map_err(failed)?.uid() == 0 {
            // Chromium refuses to start its sandbox for root.
            command.arg("--no-sandbox");
        }
        command.arg("about:blank").stdin(input).stdout(output);
        command.stderr(File::create(complaints(folder)).map_or_else(|_| Stdio::null(), Stdio::from));
        let process = command.process_group(0).spawn().map_err(failed)?;
        // Until the command is gone, this process holds the far ends of the pipes, too, and would not see them close.
        drop(command);
        let to = pipe::Sender::from_owned_fd(OwnedFd::from(to)).map_err(failed)?;
        let from = pipe::Receiver::from_owned_fd(OwnedFd::from(from)).map_err(failed)?;
        let mut chromium = Self { wire: Wire::new(to, from), process, profile, _proxy: proxy };
        let hello = time::timeout(MAX_START, chromium.wire.call("", "Browser.getVersion", &json!({}))).await;
        match hello {
            Ok(Ok(_)) => Ok(chromium),
            Ok(Err(_)) => Err(chromium.why_not(program).await),
            Err(_) => Err(RenderError::Start("it does not answer".to_owned())),
        }
    }

    /// Whether the process is still there.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// What the process said when it ended before its first answer.
    async fn why_not(&mut self, program: &Path) -> RenderError {
        for _ in 0..REMOVALS {
            match self.process.try_wait() {
                // The shell's words for "not found" and "not executable".
                Ok(Some(status)) if matches!(status.code(), Some(126 | 127)) => return RenderError::NotFound(program.to_owned()),
                Ok(None) => time::sleep(REMOVAL_PAUSE).await,
                _ => break,
            }
        }
        let said = fs::read(complaints(self.profile.path())).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let line = said.lines().find(|line| line.contains("FATAL")).or(said.lines().last());
        RenderError::Start(line.unwrap_or("it ended without a word").chars().take(500).collect())
    }
}

impl Drop for Chromium {
    /// Ends the process with all its children, then removes the profile. Blocks for a fraction of a second.
    fn drop(&mut self) {
        // Nothing is lost by force: the profile goes, too. The group has this number until `wait` has seen its leader end.
        let group = kill_process_group(Pid::from_child(&self.process), Signal::KILL);
        if group.is_ok() || self.process.kill().is_ok() {
            let _ended = self.process.wait();
        }
        for _ in 0..REMOVALS {
            match fs::remove_dir_all(self.profile.path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => thread::sleep(REMOVAL_PAUSE),
                _ => break,
            }
        }
    }
}

/// Where a Chromium's standard error goes.
fn complaints(profile: &Path) -> std::path::PathBuf {
    profile.join("stderr.log")
}

/// A port of loopback that is taken but not listened on: whoever connects is turned away by the system.
fn dead_port() -> io::Result<(TcpSocket, u16)> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let port = socket.local_addr()?.port();
    Ok((socket, port))
}
