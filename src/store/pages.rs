//! The tables `pages` and `unread`.

use sqlx::Row;

use super::{Store, StoreError, from_json, hold, on, to, to_json};
use crate::domain::id::{CheckId, PageNumber};
use crate::domain::page::{Page, Unread};

impl Store {
    /// Keeps a page with its bytes. Keeping it again changes nothing.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keep_page(&self, check: CheckId, page: &Page, body: &[u8]) -> Result<(), StoreError> {
        const SQL: &str =
            "INSERT INTO pages (check_id, number, address, sha256, doc, body) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let doc = to_json(page, "pages", &format!("{check} {}", page.number))?;
        hold!(self, self.lease.as_ref(), "keep a page", tx => {
            sqlx::query(SQL).bind(check.to_string()).bind(i64::from(page.number.0)).bind(&page.address).bind(&page.sha256)
                .bind(&doc).bind(body).execute(&mut *tx).await?;
        })
    }

    /// The pages of a check in the order of reading.
    ///
    /// # Errors
    /// The database fails or a row is corrupt.
    pub async fn pages(&self, check: CheckId) -> Result<Vec<Page>, StoreError> {
        const SQL: &str = "SELECT number, doc FROM pages WHERE check_id = $1 ORDER BY number";
        let rows: Vec<(i64, String)> = on!(self, pool => sqlx::query(SQL).bind(check.to_string()).fetch_all(pool).await
            .and_then(|rows| rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()))
        .map_err(to("read pages"))?;
        rows.iter().map(|(number, doc)| from_json(doc, "pages", &format!("{check} p{number}"))).collect()
    }

    /// At most `most` pages of a check after page `after`, in the order of reading.
    ///
    /// # Errors
    /// The database fails or a row is corrupt.
    pub async fn pages_after(&self, check: CheckId, after: u32, most: u32) -> Result<Vec<Page>, StoreError> {
        const SQL: &str = "SELECT number, doc FROM pages WHERE check_id = $1 AND number > $2 ORDER BY number LIMIT $3";
        let rows: Vec<(i64, String)> = on!(self, pool => sqlx::query(SQL).bind(check.to_string()).bind(i64::from(after))
            .bind(i64::from(most)).fetch_all(pool).await
            .and_then(|rows| rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()))
        .map_err(to("read some pages"))?;
        rows.iter().map(|(number, doc)| from_json(doc, "pages", &format!("{check} p{number}"))).collect()
    }

    /// One page of a check.
    ///
    /// # Errors
    /// The database fails or the row is corrupt.
    pub async fn page(&self, check: CheckId, number: PageNumber) -> Result<Option<Page>, StoreError> {
        const SQL: &str = "SELECT doc FROM pages WHERE check_id = $1 AND number = $2";
        let doc: Option<String> =
            on!(self, pool => sqlx::query(SQL).bind(check.to_string()).bind(i64::from(number.0)).fetch_optional(pool).await
            .and_then(|row| row.map(|row| row.try_get(0)).transpose()))
            .map_err(to("read a page"))?;
        doc.map(|doc| from_json(&doc, "pages", &format!("{check} {number}"))).transpose()
    }

    /// The bytes of one page, as fetched.
    ///
    /// # Errors
    /// The database fails.
    pub async fn body(&self, check: CheckId, number: u32) -> Result<Option<Vec<u8>>, StoreError> {
        const SQL: &str = "SELECT body FROM pages WHERE check_id = $1 AND number = $2";
        on!(self, pool => sqlx::query(SQL).bind(check.to_string()).bind(i64::from(number)).fetch_optional(pool).await
            .and_then(|row| row.map(|row| row.try_get(0)).transpose()))
        .map_err(to("read a page's bytes"))
    }

    /// Keeps an address that was not read. Keeping it again changes nothing.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keep_unread(&self, check: CheckId, unread: &Unread) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO unread (check_id, address, doc) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let doc = to_json(unread, "unread", &unread.address)?;
        hold!(self, self.lease.as_ref(), "keep what was not read", tx => {
            sqlx::query(SQL).bind(check.to_string()).bind(&unread.address).bind(&doc).execute(&mut *tx).await?;
        })
    }

    /// What was not read, by address.
    ///
    /// # Errors
    /// The database fails or a row is corrupt.
    pub async fn unread(&self, check: CheckId) -> Result<Vec<Unread>, StoreError> {
        const SQL: &str = "SELECT address, doc FROM unread WHERE check_id = $1 ORDER BY address";
        let rows: Vec<(String, String)> = on!(self, pool => sqlx::query(SQL).bind(check.to_string()).fetch_all(pool).await
            .and_then(|rows| rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()))
        .map_err(to("read what was not read"))?;
        rows.iter().map(|(address, doc)| from_json(doc, "unread", address)).collect()
    }
}
