//! The tables `resources` and `hosts`: what a crawl knows beside its pages.

use sqlx::Row;

use super::{Store, StoreError, from_json, hold, on, to, to_json};
use crate::domain::id::CheckId;
use crate::domain::page::{Resource, SiteHost};

impl Store {
    /// Keeps a resource in place of an older one of the same address.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keep_resource(&self, resource: &Resource) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO resources (address, doc, body) VALUES ($1, $2, $3) \
                           ON CONFLICT (address) DO UPDATE SET doc = EXCLUDED.doc, body = EXCLUDED.body";
        let doc = to_json(resource, "resources", &resource.address)?;
        on!(self, pool => sqlx::query(SQL).bind(&resource.address).bind(doc).bind(&resource.bytes).execute(pool).await.map(|_| ()))
            .map_err(to("keep a resource"))
    }

    /// Resources whose address begins with `origin`, such as `https://docs.example.eu/`.
    ///
    /// # Errors
    /// The database fails or a row is corrupt.
    pub async fn resources(&self, origin: &str) -> Result<Vec<Resource>, StoreError> {
        const SQL: &str = "SELECT address, doc, body FROM resources WHERE substr(address, 1, $2) = $1";
        let length = i32::try_from(origin.chars().count()).unwrap_or(i32::MAX);
        let rows: Vec<(String, String, Vec<u8>)> = on!(self, pool => sqlx::query(SQL).bind(origin).bind(length).fetch_all(pool).await
            .and_then(|rows| rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()))
        .map_err(to("read resources"))?;
        rows.into_iter().map(|(address, doc, bytes)| Ok(Resource { bytes, ..from_json(&doc, "resources", &address)? })).collect()
    }

    /// Keeps the hosts that a check met. Keeping one again changes nothing.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keep_hosts(&self, check: CheckId, hosts: &[SiteHost]) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO hosts (check_id, host, doc) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let docs: Vec<String> = hosts.iter().map(|host| to_json(host, "hosts", &host.host)).collect::<Result<_, _>>()?;
        hold!(self, self.lease.as_ref(), "keep hosts", tx => {
            for (host, doc) in hosts.iter().zip(&docs) {
                sqlx::query(SQL).bind(check.to_string()).bind(&host.host).bind(doc).execute(&mut *tx).await?;
            }
        })
    }

    /// The hosts that a check met, by name.
    ///
    /// # Errors
    /// The database fails or a row is corrupt.
    pub async fn hosts(&self, check: CheckId) -> Result<Vec<SiteHost>, StoreError> {
        const SQL: &str = "SELECT host, doc FROM hosts WHERE check_id = $1 ORDER BY host";
        let rows: Vec<(String, String)> = on!(self, pool => sqlx::query(SQL).bind(check.to_string()).fetch_all(pool).await
            .and_then(|rows| rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()))
        .map_err(to("read hosts"))?;
        rows.iter().map(|(host, doc)| from_json(doc, "hosts", host)).collect()
    }
}
