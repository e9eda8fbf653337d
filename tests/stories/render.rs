//! As an operator I have pages rendered that show nothing without JavaScript, and Chromium never reaches a network.
//!
//! A real Chromium, named by `TEST_CHROMIUM` or found along `PATH`; only `fetch` is faked. Without one the stories are
//! skipped, except where `CI` is set.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sovcheck::crawl::render::{Answer, Caps, RenderError, Renderer, Settings};
use tokio::sync::{Mutex as Turn, MutexGuard};
use url::Url;

const SITE: &str = "https://docs.example.test/guide/";

/// One Chromium at a time: they are counted, and a machine with few processors is soon too slow for the caps.
static TURN: Turn<()> = Turn::const_new(());

async fn renderer(caps: Caps) -> Option<(MutexGuard<'static, ()>, Renderer)> {
    let turn = TURN.lock().await;
    let program = PathBuf::from(std::env::var("TEST_CHROMIUM").unwrap_or_else(|_| "chromium".to_owned()));
    match Renderer::start(Settings { program, caps }).await {
        Ok(renderer) => Some((turn, renderer)),
        Err(RenderError::NotFound(program)) if std::env::var_os("CI").is_none() => {
            eprintln!("skipped: {} is not there", program.display());
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn short() -> Caps {
    Caps { time: Duration::from_secs(8), ..Caps::default() }
}

fn url(address: &str) -> Url {
    Url::parse(address).expect("an address")
}

fn answer(address: &str, media: &str, body: &str) -> Answer {
    Answer { url: url(address), status: 200, media: media.to_owned(), bytes: body.as_bytes().to_vec() }
}

fn page(body: &str) -> Answer {
    answer(SITE, "text/html; charset=utf-8", &format!("<!doctype html><html lang=en><title>t</title><body>{body}"))
}

/// A crawl runs as a task, so its futures have to move between threads.
fn is_send<T: Send>(value: T) -> T {
    value
}

async fn nothing(_: Url) -> Option<Answer> {
    None
}

/// Renders `body`, answering from `files` (path and query, media, body), and returns what was asked for, too.
async fn show(renderer: &Renderer, body: &str, files: &[(&str, &str, &str)]) -> (Result<String, RenderError>, Vec<String>) {
    let asked = Mutex::new(Vec::new());
    let site = url(SITE);
    let html = is_send(renderer.render(&site, page(body), |wanted| {
        asked.lock().expect("a list").push(wanted.to_string());
        let found = files.iter().find(|(address, ..)| *address == wanted.as_str());
        let found = found.map(|(address, media, body)| answer(address, media, body));
        async move { found }
    }))
    .await;
    (html, asked.into_inner().expect("a list"))
}

/// A port of loopback with a count of those who connect.
fn trap() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for _ in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, count)
}

/// The process ids and profile folders of this process's Chromiums: from `/proc`, so on Linux only.
fn chromiums() -> Vec<(u32, PathBuf)> {
    let own = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("a process list").flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)).unwrap_or_default().to_owned();
        let line = std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
        let profile = line.split(['\0', ' ']).find_map(|word| word.strip_prefix("--user-data-dir=")).map(PathBuf::from);
        if let Some(profile) = profile
            && parent == own
        {
            found.push((id, profile));
        }
    }
    found
}

/// How many processes still name this profile.
fn users(profile: &std::path::Path) -> usize {
    let profile = profile.to_str().expect("a plain path");
    let entries = std::fs::read_dir("/proc").expect("a process list").flatten();
    entries.filter(|e| std::fs::read_to_string(e.path().join("cmdline")).is_ok_and(|line| line.contains(profile))).count()
}

#[tokio::test]
async fn scripts_fill_the_page_from_what_fetch_brings() {
    let Some((_turn, renderer)) = renderer(Caps::default()).await else { return };
    let body = "<div id=root></div><link rel=stylesheet href=/a.css><img src=/i.png><iframe src=/frame.html></iframe>
        <script src=/app.js></script>";
    let script = "fetch('/data.json').then(r => r.json()).then(d => { document.getElementById('root').textContent = d.text; });";
    let files = [
        ("https://docs.example.test/app.js", "text/javascript", script),
        ("https://docs.example.test/a.css", "text/css", "p { background: url(/b.png) }"),
        ("https://docs.example.test/data.json", "application/json", r#"{"text":"Data stay in Grünau."}"#),
    ];
    let began = Instant::now();
    let (html, mut asked) = show(&renderer, body, &files).await;
    println!("one page: {:?}", began.elapsed());
    let html = html.expect("a page");
    assert!(html.contains("<div id=\"root\">Data stay in Grünau.</div>"), "{html}");
    assert!(html.starts_with("<html lang=\"en\">"), "{html}");
    asked.sort();
    assert_eq!(asked, ["https://docs.example.test/a.css", "https://docs.example.test/app.js", "https://docs.example.test/data.json"]);
}

#[tokio::test]
async fn modules_redirects_other_hosts_and_shadow_roots_work() {
    let Some((_turn, renderer)) = renderer(Caps::default()).await else { return };
    let body = "<x-doc id=a>light <b slot=name>Name</b></x-doc><p id=out></p><p id=hash></p>
        <link rel=preload as=fetch crossorigin href=/pre.json>
        <script type=module src=https://cdn.example.test/lib></script>";
    let lib = "import { part } from './part.js';
        class Doc extends HTMLElement { connectedCallback() {
            this.attachShadow({mode: 'open'}).innerHTML = '<h2>Shadow <slot name=name>none</slot></h2><slot></slot><template>kept</template>';
        } }
        customElements.define('x-doc', Doc);
        document.getElementById('hash').textContent = location.hash;
        const out = document.getElementById('out');
        addEventListener('error', e => { out.textContent += e.message; });
        const api = await (await fetch('https://api.example.test/v1', { credentials: 'include' })).text();
        const far = await (await fetch('https://api.example.test/far')).text();
        const pre = await (await fetch('/pre.json')).text();
        const blob = await (await fetch(URL.createObjectURL(new Blob(['blob']))).then(r => r.text()));
        const worked = await new Promise(r => { new Worker('/worker.js').onmessage = e => r(e.data); });
        const inline = await (await fetch('data:text/plain,inline')).text();
        out.textContent = [part, api, far, pre, blob, inline, worked].join(' ');";
    let html = renderer
        .render(&url("https://docs.example.test/guide/#/start"), page(body), |wanted| async move {
            match wanted.as_str() {
                // Answered from another address, against which the import has to be resolved.
                "https://cdn.example.test/lib" => Some(answer("https://cdn.example.test/lib@2/index.js", "text/javascript", lib)),
                "https://cdn.example.test/lib@2/part.js" => Some(answer(wanted.as_str(), "text/javascript", "export const part = 'part';")),
                "https://api.example.test/v1" => Some(answer(wanted.as_str(), "text/plain", "api")),
                "https://api.example.test/far" => Some(answer("https://elsewhere.example.test/far", "text/plain", "far")),
                "https://docs.example.test/worker.js" => Some(answer(wanted.as_str(), "text/javascript", "importScripts('/more.js')")),
                "https://docs.example.test/more.js" => Some(answer(wanted.as_str(), "text/javascript", "postMessage('imported')")),
                "https://docs.example.test/pre.json" => Some(answer(wanted.as_str(), "text/plain", "pre")),
                _ => None,
            }
        })
        .await
        .expect("a page");
    assert!(html.contains("<p id=\"out\">part api far pre blob inline imported</p>"), "{html}");
    assert!(html.contains("<p id=\"hash\">#/start</p>"), "{html}");
    assert!(html.contains("<x-doc id=\"a\"><h2>Shadow <b slot=\"name\">Name</b></h2>light <template>kept</template></x-doc>"), "{html}");
}

#[tokio::test]
async fn chromium_itself_never_connects() {
    let (port, connections) = trap();
    let Some((_turn, renderer)) = renderer(Caps::default()).await else { return };
    let body = r#"<p id=out>waiting</p>
        <link rel=preconnect href="http://127.0.0.1:PORT"><link rel=dns-prefetch href="//leak.example.test">
        <link rel=prefetch href="http://127.0.0.1:PORT/prefetch"><link rel=icon href="http://127.0.0.1:PORT/icon">
        <link rel=manifest href="http://127.0.0.1:PORT/manifest">
        <script type=speculationrules>{"prerender":[{"source":"list","urls":["/other"]}],
            "prefetch":[{"source":"list","urls":["http://127.0.0.1:PORT/speculative"]}]}</script>
        <iframe src="http://127.0.0.1:PORT/frame"></iframe><iframe src="file:///etc/passwd"></iframe>
        <iframe src="data:text/html,<img src=http://127.0.0.1:PORT/in-data>"></iframe>
        <iframe sandbox=allow-scripts srcdoc="<script>fetch('http://127.0.0.1:PORT/sandboxed');new WebSocket('ws://127.0.0.1:PORT/')</script>"></iframe>
        <img src="http://127.0.0.1:PORT/image"><video src="http://127.0.0.1:PORT/video"></video>
        <object data="http://127.0.0.1:PORT/object"></object><embed src="http://127.0.0.1:PORT/embed">
        <a ping="http://127.0.0.1:PORT/ping" href="http://127.0.0.1:PORT/link" target=_blank id=link>link</a>
        <form action="http://127.0.0.1:PORT/form" method=post id=form></form>
        <style>@font-face { font-family: f; src: url(http://127.0.0.1:PORT/font) } body { font-family: f }</style>
        <script>
        const results = {}, at = 'http://127.0.0.1:PORT', tried = [];
        const attempt = (name, make) => tried.push(Promise.race([
            Promise.resolve().then(make).then(r => { results[name] = 'OPEN ' + r; }, () => { results[name] = 'no'; }),
            new Promise(r => setTimeout(r, 3000)).then(() => { results[name] ??= 'silent'; })]));
        const socket = to => new Promise((yes, no) => { const s = new WebSocket(to); s.onopen = yes; s.onerror = no; });
        const worker = (code, make) => new Promise((yes, no) => {
            const w = make(URL.createObjectURL(new Blob([code])));
            (w.port || w).onmessage = e => e.data === 'no' ? no() : yes(e.data); w.onerror = no; });
        const work = `fetch('${at}/worker').then(r => postMessage('OPEN'), () => postMessage('no')); new WebSocket('ws://127.0.0.1:PORT/w');`;
        attempt('ws', () => socket('ws://127.0.0.1:PORT/ws'));
        attempt('wsname', () => socket('ws://localhost:PORT/ws'));
        attempt('wss', () => socket('wss://127.0.0.1:PORT/wss'));
        attempt('meta', () => fetch('http://169.254.169.254/latest/meta-data/'));
        attempt('other', () => fetch(at + '/other'));
        attempt('nocors', () => fetch(at + '/nocors', { mode: 'no-cors' }));
        attempt('keepalive', () => fetch(at + '/keepalive', { keepalive: true }));
        attempt('post', () => fetch('/post', { method: 'POST', body: 'x' }));
        attempt('head', () => fetch('/head', { method: 'HEAD' }));
        attempt('preflight', () => fetch(at + '/preflight', { headers: { 'X-Own': '1' } }));
        attempt('file', () => fetch('file:///etc/passwd'));
        attempt('chrome', () => fetch('chrome://version'));
        attempt('events', () => new Promise((yes, no) => { const e = new EventSource(at + '/events'); e.onopen = yes; e.onerror = no; }));
        attempt('worker', () => worker(work, u => new Worker(u)));
        attempt('workerfile', () => new Promise((yes, no) => { const w = new Worker('/worker.js'); w.onmessage = yes; w.onerror = no; }));
        attempt('transport', async () => { const t = new WebTransport('https://127.0.0.1:PORT/'); await t.ready; });
        attempt('rtc', async () => {
            const c = new RTCPeerConnection({ iceServers: [{ urls: ['stun:127.0.0.1:PORT', 'turn:127.0.0.1:PORT?transport=tcp'],
                username: 'a', credential: 'b' }] });
            c.createDataChannel('d'); await c.setLocalDescription(await c.createOffer()); });
        attempt('serviceworker', () => navigator.serviceWorker.register('/sw.js'));
        navigator.sendBeacon(at + '/beacon', 'x');
        document.getElementById('link').click();
        const opened = window.open(at + '/opened'); results.opened = opened ? 'OPEN' : 'no';
        Promise.all(tried).then(() => {
            document.getElementById('out').textContent = Object.entries(results).map(([k, v]) => k + '=' + v).join(' ');
            document.getElementById('form').submit();
            location.href = at + '/navigated';
            location.href = 'file:///etc/passwd';
        });
        const wait = setInterval(() => { new Image().src = at + '/tick'; }, 100);
        </script>"#
        .replace("PORT", &port.to_string());
    // One request stays under way, so that the page is read only after all attempts had their time.
    let asked = Mutex::new(Vec::new());
    let html = renderer
        .render(&url(SITE), page(&(body + "<script>fetch('/slow')</script>")), |wanted| {
            asked.lock().expect("a list").push(wanted.to_string());
            async move {
                if wanted.path() == "/slow" {
                    tokio::time::sleep(Duration::from_secs(5)).await;
                }
                None
            }
        })
        .await
        .expect("a page");
    let mut asked = asked.into_inner().expect("a list");
    asked.sort();
    let out = html.split("<p id=\"out\">").nth(1).and_then(|rest| rest.split('<').next()).expect("results");
    println!("{out}");
    assert!(!out.contains("OPEN") && out.contains("ws=no") && out.contains("meta=no"), "{out}");
    for never in
        ["post", "head", "beacon", "preflight", "prefetch", "events", "frame", "object", "navigated", "icon", "image", "font", "video"]
    {
        assert!(!asked.iter().any(|address| address.contains(never)), "{never}: {asked:?}");
    }
    assert!(asked.contains(&"http://169.254.169.254/latest/meta-data/".to_owned()), "the guard decides: {asked:?}");
    drop(renderer);
    thread::sleep(Duration::from_millis(300));
    assert_eq!(connections.load(Ordering::SeqCst), 0, "Chromium connected by itself");
}

#[tokio::test]
async fn an_endless_loop_ends_at_the_cap_and_the_next_page_renders() {
    let Some((_turn, renderer)) = renderer(short()).await else { return };
    let began = Instant::now();
    let (html, _) = show(&renderer, "<p>x</p><script>while (true) {}</script>", &[]).await;
    assert!(matches!(html, Err(RenderError::Timeout)), "{html:?}");
    assert!(began.elapsed() < Duration::from_secs(11), "{:?}", began.elapsed());
    let began = Instant::now();
    let (html, _) = show(&renderer, "<p id=a></p><script>a.textContent = 'next'</script>", &[]).await;
    println!("after a restart: {:?}", began.elapsed());
    assert!(html.expect("a page").contains("<p id=\"a\">next</p>"));
    // A loop in a worker does not hold up the page, and ends with it.
    let endless = "<p id=a>text</p><script>new Worker(URL.createObjectURL(new Blob(['while(true){}'])))</script>";
    assert!(show(&renderer, endless, &[]).await.0.expect("a page").contains("text"));
    assert!(show(&renderer, "<p>after</p>", &[]).await.0.expect("a page").contains("after"));
}

#[tokio::test]
async fn a_page_that_asks_without_end_is_cut() {
    let Some((_turn, renderer)) = renderer(Caps { requests: 30, ..short() }).await else { return };
    let endless = "<p>x</p><script>(async () => { for (let i = 0; ; i++) await fetch('/n' + i).catch(() => 0); })()</script>";
    let (html, asked) = show(&renderer, endless, &[]).await;
    assert!(matches!(html, Err(RenderError::TooMuch)), "{html:?}");
    assert_eq!(asked.len(), 30);
    let images = "<p>x</p><script>for (let i = 0; i < 1000; i++) new Image().src = '/i' + i</script>";
    // What is turned away is no sign of life, so the page may come to rest before that is too much.
    assert!(matches!(show(&renderer, images, &[]).await.0, Ok(_) | Err(RenderError::TooMuch)));
    let big = "x".repeat(9 << 20);
    let files = [("https://docs.example.test/a", "text/plain", big.as_str()), ("https://docs.example.test/b", "text/plain", &big)];
    let (html, _) = show(&renderer, "<script>fetch('/a'); fetch('/b')</script>", &files).await;
    assert!(matches!(html, Err(RenderError::TooMuch)), "{html:?}");
    let grown = "<script>document.write('<p>' + 'ü'.repeat(5 << 20))</script>";
    assert!(matches!(show(&renderer, grown, &[]).await.0, Err(RenderError::TooMuch)));
    // A page that never falls silent, but stays within its caps, is read when its time is up.
    let (html, _) = show(&renderer, "<p>news</p><script>setInterval(() => fetch('/tick'), 400)</script>", &[]).await;
    assert!(html.expect("a page").contains("<p>news</p>"));
}

#[tokio::test]
async fn a_page_cannot_leave_hang_or_trick_the_reader() {
    let Some((_turn, renderer)) = renderer(Caps::default()).await else { return };
    let body = "<p id=a>stays</p><img name=documentElement><img name=querySelector><meta http-equiv=refresh content='0;url=/elsewhere'>
        <script>alert(1); confirm(2); prompt(3); print();
        onbeforeunload = e => { e.preventDefault(); return 'stay'; };
        Object.defineProperty(Element.prototype, 'outerHTML', { get: () => 'forged' });
        localStorage.left = 'behind';
        location.href = '/away'; setTimeout(() => location.reload(), 50);
        setTimeout(() => { document.getElementById('a').textContent += ' here'; }, 300);
        const f = document.createElement('iframe'); document.body.append(f); setTimeout(() => f.contentWindow.alert(1), 100);
        </script>";
    let began = Instant::now();
    let (html, asked) = show(&renderer, body, &[]).await;
    let html = html.expect("a page");
    assert!(html.contains("<p id=\"a\">stays here</p>"), "{html}");
    assert!(asked.is_empty(), "{asked:?}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let (html, _) = show(&renderer, "<p id=a></p><script>a.textContent = String(localStorage.left)</script>", &[]).await;
    assert!(html.expect("a page").contains("<p id=\"a\">undefined</p>"), "nothing is left of the page before");
    let file = Answer { url: url("file:///etc/passwd"), ..page("") };
    assert!(matches!(renderer.render(&url(SITE), file, nothing).await, Err(RenderError::Protocol(_))));
    let download = answer(SITE, "application/octet-stream", "MZ");
    assert!(matches!(renderer.render(&url(SITE), download, nothing).await, Err(RenderError::Protocol(_))));
    assert!(show(&renderer, "<p>after</p>", &[]).await.0.expect("a page").contains("after"));
}

#[tokio::test]
async fn a_script_that_is_slow_before_it_asks_is_waited_for() {
    let Some((_turn, renderer)) = renderer(Caps::default()).await else { return };
    let body = "<div id=root></div><script>setTimeout(() => {
        const end = performance.now() + 1500; while (performance.now() < end) {}
        fetch('/data').then(r => r.text()).then(t => { root.textContent = t; });
    }, 100)</script>";
    let (html, _) = show(&renderer, body, &[("https://docs.example.test/data", "text/plain", "late")]).await;
    assert!(html.expect("a page").contains("<div id=\"root\">late</div>"));
}

#[tokio::test]
async fn nothing_is_left_after_the_end() {
    let Some((_turn, renderer)) = renderer(Caps::default()).await else { return };
    let began = Instant::now();
    assert!(show(&renderer, "<p>x</p>", &[]).await.0.is_ok());
    println!("an empty page: {:?}", began.elapsed());
    // One that was killed from outside is replaced.
    let first = chromiums();
    assert_eq!(first.len(), 1, "{first:?}");
    assert!(Command::new("kill").args(["-9", &first[0].0.to_string()]).status().expect("a kill").success());
    thread::sleep(Duration::from_millis(200));
    assert!(show(&renderer, "<p>again</p>", &[]).await.0.expect("a page").contains("again"));
    // A caller that gives up half-way leaves nothing either.
    let site = url(SITE);
    let endless = renderer.render(&site, page("<script>while(true){}</script>"), nothing);
    assert!(tokio::time::timeout(Duration::from_secs(2), endless).await.is_err());
    assert!(chromiums().is_empty());
    assert!(show(&renderer, "<p>after</p>", &[]).await.0.expect("a page").contains("after"));
    let last = chromiums();
    assert_eq!(last.len(), 1, "{last:?}");
    assert!(last[0].1.exists() && users(&last[0].1) > 1);
    let began = Instant::now();
    drop(renderer);
    println!("dropped in {:?}", began.elapsed());
    thread::sleep(Duration::from_millis(200));
    for (_, profile) in first.iter().chain(&last) {
        assert!(!profile.exists(), "the profile stays");
        assert_eq!(users(profile), 0, "a process stays");
    }
}

#[tokio::test]
async fn a_program_that_is_missing_or_no_browser_is_named() {
    let start = |program: &str| Renderer::start(Settings { program: program.into(), caps: Caps::default() });
    assert!(matches!(start("no-such-browser").await, Err(RenderError::NotFound(_))));
    assert!(matches!(start("false").await, Err(RenderError::Start(_))));
}
