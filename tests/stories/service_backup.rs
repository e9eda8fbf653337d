//! As an operator I back up what the service keeps and restore it anywhere, into either database; what has had its time
//! is deleted with all that belongs to it.

use std::io::Read;
use std::path::Path;

use reqwest::StatusCode;

use crate::service::Service;
use crate::site;
use crate::world::World;

fn text(file: &Path) -> String {
    let mut text = String::new();
    let mut unpacked = zstd::Decoder::new(std::fs::File::open(file).expect("a backup")).expect("zstd");
    unpacked.read_to_string(&mut text).expect("text");
    text
}

/// The rows of a backup in an order of their own: databases give them as they like.
fn rows(file: &Path) -> Vec<String> {
    let text = text(file);
    let mut rows: Vec<String> = text.lines().filter(|line| line.starts_with("{\"row\"")).map(str::to_owned).collect();
    rows.sort();
    rows
}

fn write(file: &Path, text: &str) {
    std::fs::write(file, zstd::encode_all(text.as_bytes(), 0).expect("zstd")).expect("writes");
}

#[tokio::test]
async fn a_backup_of_either_database_is_restored_into_either() {
    // From SQLite to itself, to Postgres where there is one, and from there back.
    let kinds = World::each().await.len();
    for (from, to) in [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter().filter(|(from, to)| (*from).max(*to) < kinds) {
        let (mut from, mut to) = (World::each().await.swap_remove(from), World::each().await.swap_remove(to));
        let (address, port) = site::nordhaven(site::Log::default()).await;
        from.ports.push(port);
        from.variables.push(("SOVCHECK_PAGES".to_owned(), "6".to_owned()));
        let service = Service::serve(&from, &[]).await;
        let check = service.asked(&address).await;
        assert_eq!(service.over(&check).await, "done");
        let (page, events) = (service.text(&check).await, service.events(&check, 0, |name, _| name == "done").await);

        let file = from.dir.path().join("checks.backup");
        let name = file.display().to_string();
        // While the service runs.
        let said = from.run(&["backup", &name]).await;
        assert!(said.done().out.contains("6 pages"), "{}", said.out);
        from.run(&["backup", &name]).await.failed(2, &["is there already"]);
        to.run(&["restore", &name]).await.done();

        to.ports.push(port);
        let restored = Service::serve(&to, &["--workers", "0"]).await;
        assert_eq!(restored.text(&check).await, page);
        assert_eq!(restored.events(&check, 0, |name, _| name == "done").await, events);
        let again = to.dir.path().join("again.backup");
        to.run(&["backup", &again.display().to_string()]).await.done();
        assert_eq!(rows(&again), rows(&file), "nothing is lost and nothing is added");
        to.run(&["restore", &name]).await.failed(2, &["is not empty"]);
    }
}

#[tokio::test]
async fn a_backup_that_is_not_whole_restores_nothing() {
    for world in World::each().await {
        let file = world.dir.path().join("a.backup");
        let name = file.display().to_string();
        {
            let source = World::new();
            let service = Service::serve(&source, &["--workers", "0"]).await;
            service.asked("https://docs.example.eu").await;
            source.run(&["backup", &name]).await.done();
        }
        let whole = text(&file);
        assert!(!whole.contains("secrets"), "secrets stay where they are");
        let cut = &whole[..whole.trim_end().rfind('\n').expect("lines")];
        for (text, says) in [
            (cut.to_owned(), "cut off"),
            (format!("{cut}\n"), "cut off"),
            (whole.replace("docs.example.eu", "docs.examp1e.eu"), "damaged"),
            (whole.replacen("sovcheck-backup/1", "sovcheck-backup/9", 1), "not a backup"),
            (whole.replacen("\"schema\":", "\"schema\":9", 1), "newer version"),
            (whole.replacen("check_requests", "pg_authid", 1), "no table of this program"),
            ("{}\n".to_owned(), "line 1"),
        ] {
            write(&file, &text);
            world.run(&["restore", &name]).await.failed(2, &[says]);
        }
        std::fs::write(&file, b"not zstd").expect("writes");
        world.run(&["restore", &name]).await.failed(2, &["cannot be read"]);
        write(&file, &whole);
        world.run(&["restore", &name]).await.done();
    }
}

#[tokio::test]
async fn what_has_had_its_time_is_deleted_unless_somebody_claimed_it() {
    for mut world in World::each().await {
        let (address, port) = site::nordhaven(site::Log::default()).await;
        world.ports.push(port);
        world.variables.push(("SOVCHECK_PAGES".to_owned(), "3".to_owned()));
        let mut service = Service::serve(&world, &[]).await;
        let (old, claimed) = (service.asked(&address).await, service.asked(&address).await);
        assert_eq!((service.over(&old).await, service.over(&claimed).await), ("done".to_owned(), "done".to_owned()));
        service.end("-TERM").await;
        let web = Service::serve(&world, &["--workers", "0"]).await;
        let waiting = web.asked("https://docs.example.eu").await;
        let ids = world.rows("SELECT id FROM check_requests ORDER BY created_ms, id").await;
        world.rows("UPDATE check_requests SET expires_ms = 0, due_ms = 9999999999999").await;
        world.rows("UPDATE check_requests SET expires_ms = 1 WHERE state = 'queued'").await;
        world.rows(&format!("UPDATE check_requests SET owner = 'somebody' WHERE id = '{}'", ids[1])).await;
        let _worker = Service::worker(&world, &[]).await;
        // The stream of the one that is deleted last ends.
        let left = web.events(&waiting, 0, |_, _| false).await;
        assert_eq!(left.len(), 1);
        assert_eq!(web.get(&old).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(web.get(&claimed).await.status(), StatusCode::OK);
        for table in ["checks", "reports", "check_requests"] {
            assert_eq!(world.rows(&format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}")).await, ["1"], "{table}");
        }
        assert_eq!(world.rows("SELECT CAST(COUNT(*) AS TEXT) FROM pages").await, ["3"]);
        let of = format!("SELECT CAST(COUNT(*) AS TEXT) FROM check_events WHERE check_id <> '{}'", ids[1]);
        assert_eq!(world.rows(&of).await, ["0"]);
    }
}
