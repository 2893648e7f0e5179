//! Bringing a schema up to date, and refusing one that is newer than this program.
//!
//! Called by `sqlite` and `postgres` when they open. A schema from the future may have lost a column that this version writes, so an older
//! program must not go on.

use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

use crate::store::error::StoreError;

/// What may be done to the schema of a database that is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upkeep {
    /// Everything that is missing.
    BringUpToDate,
    /// It is made where there is none; an older one may have its server running on it, and is left alone.
    OnlyMake,
    /// Nothing.
    LeaveAlone,
}

/// Runs the migrations that are missing, or says that some are.
pub fn bring_up_to_date<DB: diesel::backend::Backend>(
    conn: &mut impl MigrationHarness<DB>,
    known: EmbeddedMigrations,
    upkeep: Upkeep,
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
    let missing = versions.len().saturating_sub(applied.len());
    let may_run = match upkeep {
        Upkeep::BringUpToDate => true,
        Upkeep::OnlyMake => applied.is_empty(),
        Upkeep::LeaveAlone => false,
    };
    if applied.is_empty() && !may_run {
        return Err(StoreError::Empty);
    }
    if missing > 0 && !may_run {
        return Err(StoreError::Unmigrated { missing });
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

    fn known_count<DB: diesel::backend::Backend>(known: EmbeddedMigrations) -> usize {
        let all: Vec<Box<dyn Migration<DB>>> = known.migrations().unwrap();
        all.len()
    }

    /// Back to nothing, one by one, and up again.
    fn there_and_back<DB: diesel::backend::Backend>(
        conn: &mut impl MigrationHarness<DB>,
        known: impl Fn() -> EmbeddedMigrations,
    ) {
        let mut open = |upkeep| bring_up_to_date(conn, known(), upkeep);
        let all = known_count::<DB>(known());
        assert!(matches!(open(Upkeep::LeaveAlone), Err(StoreError::Empty)));
        open(Upkeep::OnlyMake).unwrap();
        open(Upkeep::LeaveAlone).unwrap();
        conn.revert_last_migration(known()).unwrap();
        for upkeep in [Upkeep::LeaveAlone, Upkeep::OnlyMake] {
            let told = bring_up_to_date(conn, known(), upkeep);
            assert!(matches!(told, Err(StoreError::Unmigrated { missing: 1 })));
        }
        bring_up_to_date(conn, known(), Upkeep::BringUpToDate).unwrap();
        let reverted = conn.revert_all_migrations(known()).unwrap();
        assert_eq!(reverted.len(), all);
        assert!(conn.applied_migrations().unwrap().is_empty());
        bring_up_to_date(conn, known(), Upkeep::BringUpToDate).unwrap();
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
