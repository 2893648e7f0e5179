//! Bringing a schema up to date, and refusing one that is newer than this program.
//!
//! Called by `sqlite` and `postgres` when they open. A schema from the future may have lost a column that this version writes, so an older
//! program must not go on.

use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

use crate::store::error::StoreError;

/// Runs the migrations that are missing.
pub fn bring_up_to_date<DB: diesel::backend::Backend>(
    conn: &mut impl MigrationHarness<DB>,
    known: EmbeddedMigrations,
) -> Result<(), StoreError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        StoreError::Unavailable(format!("the schema cannot be brought up to date: {error}"))
    };
    let migrations: Vec<Box<dyn Migration<DB>>> = known.migrations().map_err(failed)?;
    let versions: Vec<MigrationVersion<'_>> = migrations
        .iter()
        .map(|migration| migration.name().version())
        .collect();
    let applied = conn.applied_migrations().map_err(failed)?;
    if let Some(newer) = applied.iter().find(|version| !versions.contains(version)) {
        return Err(StoreError::Conflict(format!(
            "This database was brought to schema {newer} by a newer version of bluebridge; this one knows up to {}. Start the newer version.",
            versions
                .iter()
                .max()
                .map_or_else(String::new, ToString::to_string)
        )));
    }
    let run = conn.run_pending_migrations(known).map_err(failed)?.len();
    if run > 0 {
        tracing::info!(migrations = run, "brought the database up to date");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::test_database::{Database, Home};
    use crate::store::{postgres, sqlite};

    /// Back to nothing, one by one, and up again.
    fn there_and_back<DB: diesel::backend::Backend>(
        conn: &mut impl MigrationHarness<DB>,
        known: impl Fn() -> EmbeddedMigrations,
    ) {
        bring_up_to_date(conn, known()).unwrap();
        let reverted = conn.revert_all_migrations(known()).unwrap();
        assert!(reverted.len() > 1);
        assert!(conn.applied_migrations().unwrap().is_empty());
        bring_up_to_date(conn, known()).unwrap();
        assert!(!conn.has_pending_migration(known()).unwrap());
    }

    #[test]
    fn migrations_can_be_reverted_on_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let mut conn = sqlite::open_writer(&folder.path().join("s.db")).unwrap();
        there_and_back(&mut conn, || sqlite::MIGRATIONS);
    }

    #[test]
    fn migrations_can_be_reverted_on_postgres() {
        let home = Home::new(Database::Postgres);
        postgres::with_connection(&home.database_url, false, |conn| {
            there_and_back(conn, || postgres::MIGRATIONS);
        });
    }
}
