//! Destinations: saving, reading, pausing, and how they are doing.
//!
//! The whole settings document is sealed, because a URL may be a secret by itself. A destination that connections still use
//! cannot be deleted; a deleted one keeps its row, because deliveries name it.

use diesel::sql_types::Bool;
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, IntoSql as _, JoinOnDsl as _,
    OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _, Selectable,
    SelectableHelper as _,
};
use serde_json::Value;

use crate::domain::destination::{Destination, Health, Kind, LastTest, Paused, Probing, Settings};
use crate::domain::id::DestinationId;
use crate::domain::seal::MasterKey;
use crate::domain::secret::Secret;
use crate::store::Store;
use crate::store::both::{both, either};
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::{connection_versions, connections, destinations};

/// A destination to be made or replaced.
#[derive(Debug, Clone)]
pub struct DestinationDraft {
    pub id: DestinationId,
    pub name: String,
    pub settings: Settings,
    pub now_ms: i64,
}

/// On whose initiative a destination is paused or resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initiative {
    Person,
    /// It kept failing, said that it is gone, or took a probe.
    Bridge,
}

impl Store {
    /// Makes a destination.
    pub async fn create_destination(&self, draft: DestinationDraft) -> Result<(), StoreError> {
        let sealed = seal(&self.key, &draft)?;
        either!(self.write(move |conn| {
            diesel::insert_into(destinations::table)
                .values((
                    destinations::id.eq(&draft.id.as_bytes()[..]),
                    destinations::name.eq(&draft.name),
                    destinations::kind.eq(draft.settings.kind().as_str()),
                    destinations::settings_sealed.eq(sealed),
                    destinations::created_at.eq(draft.now_ms),
                    destinations::updated_at.eq(draft.now_ms),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Replaces a destination's name and settings. The draft was made from `before`, whose secrets it may have taken over:
    /// [`StoreError::Outdated`], and nothing is written, when the settings are others by now.
    pub async fn change_destination(
        &self,
        draft: DestinationDraft,
        before: Settings,
    ) -> Result<(), StoreError> {
        let (key, sealed) = (self.key.clone(), seal(&self.key, &draft)?);
        either!(self.write(move |conn| {
            let present = load(conn, draft.id)?.into_domain(&key)?;
            if present.settings != before {
                return Err(StoreError::Outdated);
            }
            diesel::update(destinations::table.find(&draft.id.as_bytes()[..]))
                .set((
                    destinations::name.eq(&draft.name),
                    destinations::settings_sealed.eq(sealed),
                    destinations::updated_at.eq(draft.now_ms),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Replaces the signing secret; old ones go on signing for `overlap_s` seconds. Two at once come one after the other.
    pub async fn rotate_signing_secret(
        &self,
        id: DestinationId,
        secret: Secret,
        overlap_s: i64,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let key = self.key.clone();
        either!(self.write(move |conn| {
            let mut destination = load(conn, id)?.into_domain(&key)?;
            let signing = &mut destination.settings.signing;
            signing
                .rotate(secret, overlap_s, now_ms / 1_000)
                .map_err(|problem| StoreError::Conflict(problem.to_string()))?;
            let sealed = seal_settings(&key, id, &destination.settings)?;
            diesel::update(destinations::table.find(&id.as_bytes()[..]))
                .set((
                    destinations::settings_sealed.eq(sealed),
                    destinations::updated_at.eq(now_ms),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Every destination that is not deleted, the oldest first.
    pub async fn destinations(&self) -> Result<Vec<Destination>, StoreError> {
        let key = self.key.clone();
        either!(self.read(move |conn| {
            let rows: Vec<DestinationRow> = destinations::table
                .filter(destinations::deleted_at.is_null())
                .order(destinations::id)
                .select(DestinationRow::as_select())
                .load(conn)?;
            rows.into_iter().map(|row| row.into_domain(&key)).collect()
        }))
    }

    /// One destination; deleted ones are not found.
    pub async fn destination(&self, id: DestinationId) -> Result<Destination, StoreError> {
        let key = self.key.clone();
        either!(self.read(move |conn| load(conn, id)?.into_domain(&key)))
    }

    /// Pauses a destination, or with `None` resumes it. What waits is moved by `hold_due` and `resume_held`. `false` when nothing was changed:
    /// what a person paused, only a person changes, and what is held already is not held anew: its probes have come so far.
    pub async fn pause_destination(
        &self,
        id: DestinationId,
        paused: Option<Paused>,
        initiative: Initiative,
    ) -> Result<bool, StoreError> {
        let probing = paused.as_ref().and_then(|paused| paused.probing);
        either!(self.write(move |conn| {
            load(conn, id)?;
            let may_be_held_already = probing.is_none().into_sql::<Bool>();
            let by_itself = destinations::paused_at.is_null().or(destinations::probe_at
                .is_not_null()
                .and(may_be_held_already));
            let is_wanted = by_itself.or((initiative == Initiative::Person).into_sql::<Bool>());
            let changed = diesel::update(
                destinations::table
                    .find(&id.as_bytes()[..])
                    .filter(is_wanted),
            )
            .set((
                destinations::paused_at
                    .eq(paused.as_ref().map(|paused| paused.at.as_millisecond())),
                destinations::probe_at.eq(probing.map(|probing| probing.at.as_millisecond())),
                destinations::probes.eq(probes(probing)),
                destinations::paused_reason.eq(paused.map(|paused| paused.reason)),
            ))
            .execute(conn)?;
            Ok(changed == 1)
        }))
    }

    /// Sets a held destination's next probe, as long as `due` is still the one that is set. `false` when it is not held any more, or when
    /// another worker sends this probe.
    pub async fn take_probe(
        &self,
        id: DestinationId,
        due: Probing,
        next: Probing,
    ) -> Result<bool, StoreError> {
        either!(self.write(move |conn| {
            let changed = diesel::update(
                destinations::table
                    .find(&id.as_bytes()[..])
                    .filter(destinations::probe_at.eq(due.at.as_millisecond())),
            )
            .set((
                destinations::probe_at.eq(Some(next.at.as_millisecond())),
                destinations::probes.eq(probes(Some(next))),
            ))
            .execute(conn)?;
            Ok(changed == 1)
        }))
    }

    /// Notes that a destination begins to fail or has recovered (`None`). `false` when that is noted already.
    pub async fn note_health(
        &self,
        id: DestinationId,
        failing: Option<(i64, String)>,
    ) -> Result<bool, StoreError> {
        let (since, failure) = failing.unzip();
        either!(self.write(move |conn| {
            let row = destinations::table.find(&id.as_bytes()[..]);
            let noted: Option<Option<i64>> = row
                .select(destinations::failing_since)
                .first(conn)
                .optional()?;
            if noted.is_none_or(|noted| noted.is_some() == since.is_some()) {
                return Ok(false);
            }
            diesel::update(row)
                .set((
                    destinations::failing_since.eq(since),
                    destinations::last_failure.eq(failure),
                ))
                .execute(conn)?;
            Ok(true)
        }))
    }

    /// Keeps what the last test request to a destination brought, unless it was deleted meanwhile.
    pub async fn note_test(&self, id: DestinationId, last: LastTest) -> Result<(), StoreError> {
        let trial = serde_json::to_string(&last.trial)
            .map_err(|_| StoreError::Corrupt("a test's result is not JSON".into()))?;
        either!(self.write(move |conn| {
            diesel::update(
                destinations::table
                    .find(&id.as_bytes()[..])
                    .filter(destinations::deleted_at.is_null()),
            )
            .set((
                destinations::tested_at.eq(Some(last.at.as_millisecond())),
                destinations::last_test.eq(Some(trial)),
            ))
            .execute(conn)?;
            Ok(())
        }))
    }

    /// Deletes a destination that no connection uses.
    pub async fn delete_destination(
        &self,
        id: DestinationId,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            load(conn, id)?;
            let users: Vec<String> = connections::table
                .inner_join(
                    connection_versions::table
                        .on(connection_versions::id.eq(connections::version_id)),
                )
                .filter(connection_versions::destination_id.eq(&id.as_bytes()[..]))
                .filter(connections::deleted_at.is_null())
                .select(connections::name)
                .load(conn)?;
            if !users.is_empty() {
                return Err(StoreError::Conflict(format!(
                    "This destination is used by {}; delete those connections first.",
                    users.join(", ")
                )));
            }
            diesel::update(destinations::table.find(&id.as_bytes()[..]))
                .set((
                    destinations::deleted_at.eq(Some(now_ms)),
                    // The answer to a test may repeat what was sent.
                    destinations::tested_at.eq(None::<i64>),
                    destinations::last_test.eq(None::<String>),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }
}

fn last_test(at: Option<i64>, trial: Option<&str>) -> Result<Option<LastTest>, StoreError> {
    let Some((at, trial)) = row::maybe_time(at)?.zip(trial) else {
        return Ok(None);
    };
    // It only informs: one that another version wrote must not stand in the way of the destination.
    Ok(serde_json::from_str(trial)
        .ok()
        .map(|trial| LastTest { at, trial }))
}

fn probes(probing: Option<Probing>) -> i32 {
    probing.map_or(0, |probing| i32::try_from(probing.sent).unwrap_or(i32::MAX))
}

pub(super) fn row_name(id: DestinationId) -> String {
    format!("destinations/{id}")
}

fn seal(key: &MasterKey, draft: &DestinationDraft) -> Result<Vec<u8>, StoreError> {
    seal_settings(key, draft.id, &draft.settings)
}

fn seal_settings(
    key: &MasterKey,
    id: DestinationId,
    settings: &Settings,
) -> Result<Vec<u8>, StoreError> {
    let document = settings.to_sealed_document();
    // What could not be opened again would stop every node for good.
    opened(&document)?;
    row::seal(key, &row_name(id), &Secret::new(document.to_string()))
}

fn opened(document: &Value) -> Result<Settings, StoreError> {
    Settings::open(document).map_err(|problems| {
        let pointers: Vec<&str> = problems.iter().map(|p| p.pointer.as_str()).collect();
        StoreError::Corrupt(format!(
            "a destination's settings at {}",
            pointers.join(", ")
        ))
    })
}

both! {
    fn load(conn: &mut Conn, id: DestinationId) -> Result<DestinationRow, StoreError> {
        destinations::table
            .find(&id.as_bytes()[..])
            .filter(destinations::deleted_at.is_null())
            .select(DestinationRow::as_select())
            .first(conn)
            .optional()?
            .ok_or(StoreError::NotFound("destination"))
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = destinations)]
struct DestinationRow {
    id: Vec<u8>,
    name: String,
    kind: String,
    settings_sealed: Vec<u8>,
    created_at: i64,
    updated_at: i64,
    failing_since: Option<i64>,
    last_failure: Option<String>,
    paused_at: Option<i64>,
    paused_reason: Option<String>,
    probe_at: Option<i64>,
    probes: i32,
    tested_at: Option<i64>,
    last_test: Option<String>,
}

impl DestinationRow {
    fn into_domain(self, key: &MasterKey) -> Result<Destination, StoreError> {
        let id = row::id(&self.id, DestinationId::from_slice)?;
        let plain = row::open(key, &row_name(id), &self.settings_sealed)?;
        let document: Value = serde_json::from_slice(plain.expose())
            .map_err(|_| StoreError::Corrupt("a destination's settings are not JSON".into()))?;
        // A kind that this version does not know must not be taken for another.
        row::word(&self.kind, Kind::from_word)?;
        let settings = opened(&document)?;
        let sent = row::count(self.probes)?;
        let probing = row::maybe_time(self.probe_at)?.map(|at| Probing { at, sent });
        let paused = row::maybe_time(self.paused_at)?
            .zip(self.paused_reason)
            .map(|(at, reason)| Paused {
                at,
                reason,
                probing,
            });
        Ok(Destination {
            id,
            name: self.name,
            settings,
            health: Health {
                failing_since: row::maybe_time(self.failing_since)?,
                last_failure: self.last_failure,
                paused,
            },
            last_test: last_test(self.tested_at, self.last_test.as_deref())?,
            created_at: row::time(self.created_at)?,
            updated_at: row::time(self.updated_at)?,
        })
    }
}
