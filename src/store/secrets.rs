//! The table `secrets`: random values that all processes over this database share.

use sqlx::Row;

use super::{Store, StoreError, on, to};

impl Store {
    /// The secret of this name; `fresh` becomes it if there is none yet.
    ///
    /// # Errors
    /// The database fails.
    pub async fn secret(&self, name: &str, fresh: &str) -> Result<String, StoreError> {
        const MAKE: &str = "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        const READ: &str = "SELECT value FROM secrets WHERE name = $1";
        on!(self, pool => async {
            sqlx::query(MAKE).bind(name).bind(fresh).execute(pool).await?;
            sqlx::query(READ).bind(name).fetch_one(pool).await?.try_get(0)
        }.await)
        .map_err(to("read a secret"))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        on!(self, pool => sqlx::query("SELECT 1").execute(pool).await.map(|_| ())).map_err(to("reach the database"))
    }
}
