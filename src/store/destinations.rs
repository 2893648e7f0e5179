//! Destinations: saving, reading, pausing, and how they are doing.
//!
//! The whole settings document is sealed, because a URL may be a secret by itself. A destination that connections still use
//! cannot be deleted; a deleted one keeps its row, because deliveries name it. By what its recovery is judged stands in its row too, so that every
//! node judges by what all of them have seen: each statement about the mark of failing looks itself whether it still holds.

use diesel::sql_types::Bool;
use diesel::{
    AsChangeset, BoolExpressionMethods as _, ExpressionMethods as _, IntoSql as _, JoinOnDsl as _,
    OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _, Selectable,
    SelectableHelper as _,
};
use serde_json::Value;

use crate::domain::breaker::QUIET_S;
use crate::domain::destination::{
    Destination, Health, Kind, LastTest, Paused, Probing, Settings, UNFINISHED,
};
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

/// Within this a failing destination does not count as recovered, in milliseconds.
const QUIET_MS: i64 = QUIET_S * 1_000;

/// On whose initiative a destination is paused or resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initiative {
    Person,
    /// It kept failing, said that it is gone, or took a probe.
    Bridge,
    /// What it lacked was entered: only a pause for that is ended.
    Finished,
}

/// Notes a time in a column of a marked destination, unless a later one stands there.
macro_rules! note {
    ($store:ident, $column:expr, $id:expr, $at_ms:expr, $failure:expr) => {{
        let (id, at_ms): (DestinationId, i64) = ($id, $at_ms);
        let failure: Option<String> = $failure;
        either!($store.write_freely(move |conn| {
            let noted = $column;
            // One far ahead was set by a clock that ran fast.
            let is_earlier = noted.lt(at_ms).or(noted.gt(at_ms.saturating_add(QUIET_MS)));
            let changed = diesel::update(
                destinations::table
                    .find(&id.as_bytes()[..])
                    .filter(destinations::deleted_at.is_null())
                    .filter(destinations::failing_since.is_not_null())
                    .filter(noted.is_null().or(is_earlier)),
            )
            .set((
                noted.eq(Some(at_ms)),
                failure.map(|failure| destinations::last_failure.eq(Some(failure))),
            ))
            .execute(conn)?;
            Ok(changed == 1)
        }))
    }};
}

impl Store {
    /// Makes a destination.
    pub async fn create_destination(
        &self,
        draft: DestinationDraft,
    ) -> Result<Destination, StoreError> {
        let (key, sealed) = (self.key.clone(), seal(&self.key, &draft)?);
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
            load(conn, draft.id)?.into_domain(&key)
        }))
    }

    /// Replaces a destination's name and settings. The draft was made from `before`, whose secrets it may have taken over:
    /// [`StoreError::Outdated`], and nothing is written, when the settings are others by now, or when it was changed at another time than was
    /// `seen_ms` by who changes it; `None` asks for no time.
    /// Returns what it is now, which the next change may have replaced when this is read.
    pub async fn change_destination(
        &self,
        draft: DestinationDraft,
        before: Settings,
        seen_ms: Option<i64>,
    ) -> Result<Destination, StoreError> {
        let (key, sealed) = (self.key.clone(), seal(&self.key, &draft)?);
        either!(self.write(move |conn| {
            let present = load(conn, draft.id)?.into_domain(&key)?;
            let changed_ms = present.updated_at.as_millisecond();
            // Who saves the same once more, by a second click, overwrites nothing.
            let says_the_same = present.name == draft.name && present.settings == draft.settings;
            let was_changed =
                present.settings != before || seen_ms.is_some_and(|seen_ms| seen_ms != changed_ms);
            if was_changed && !says_the_same {
                return Err(StoreError::Outdated);
            }
            diesel::update(destinations::table.find(&draft.id.as_bytes()[..]))
                .set((
                    destinations::name.eq(&draft.name),
                    destinations::settings_sealed.eq(sealed),
                    destinations::updated_at.eq(draft.now_ms),
                ))
                .execute(conn)?;
            load(conn, draft.id)?.into_domain(&key)
        }))
    }

    /// Replaces the signing secret; old ones go on signing for `overlap_s` seconds. Two at once come one after the other.
    pub async fn rotate_signing_secret(
        &self,
        id: DestinationId,
        secret: Secret,
        overlap_s: i64,
        now_ms: i64,
    ) -> Result<Destination, StoreError> {
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
            load(conn, id)?.into_domain(&key)
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
        let unnoted = self.unnoted();
        either!(self.write(move |conn| {
            load(conn, id)?;
            let may_be_held_already = probing.is_none().into_sql::<Bool>();
            let by_itself = destinations::paused_at.is_null().or(destinations::probe_at
                .is_not_null()
                .and(may_be_held_already));
            let is_finished = destinations::paused_reason.eq_any(UNFINISHED);
            let taken_by = |other: Initiative| (initiative == other).into_sql::<Bool>();
            let is_wanted = taken_by(Initiative::Person)
                .or(taken_by(Initiative::Bridge).and(by_itself))
                .or(taken_by(Initiative::Finished).and(is_finished));
            // There is nothing to resume where nothing is paused.
            let makes_a_change = paused
                .is_some()
                .into_sql::<Bool>()
                .or(destinations::paused_at.is_not_null());
            let changed = diesel::update(
                destinations::table
                    .find(&id.as_bytes()[..])
                    .filter(is_wanted)
                    .filter(makes_a_change),
            )
            .set((
                // What it did before counts no more.
                paused.is_none().then(|| {
                    (
                        destinations::last_failure.eq(None::<String>),
                        destinations::last_failed_at.eq(None::<i64>),
                        destinations::last_arrived_at.eq(None::<i64>),
                    )
                }),
                destinations::paused_at
                    .eq(paused.as_ref().map(|paused| paused.at.as_millisecond())),
                destinations::probe_at.eq(probing.map(|probing| probing.at.as_millisecond())),
                destinations::probes.eq(probes(probing)),
                destinations::paused_reason.eq(paused.map(|paused| paused.reason)),
            ))
            .execute(conn)?;
            if changed == 0 {
                unnoted();
            }
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

    /// Marks a destination as failing. `false` when it is marked already, or deleted.
    pub async fn begin_failing(
        &self,
        id: DestinationId,
        since_ms: i64,
        failure: String,
    ) -> Result<bool, StoreError> {
        either!(self.write(move |conn| {
            let changed = diesel::update(
                destinations::table
                    .find(&id.as_bytes()[..])
                    .filter(destinations::deleted_at.is_null())
                    .filter(destinations::failing_since.is_null()),
            )
            .set((
                destinations::failing_since.eq(Some(since_ms)),
                destinations::last_failure.eq(Some(failure)),
                destinations::last_failed_at.eq(Some(since_ms)),
                destinations::last_arrived_at.eq(None::<i64>),
            ))
            .execute(conn)?;
            Ok(changed == 1)
        }))
    }

    /// Notes when an attempt at a marked destination failed. `false` when it is not marked, or when a later one is noted.
    /// With its words, when they are at hand.
    pub async fn note_failed(
        &self,
        id: DestinationId,
        at_ms: i64,
        failure: Option<String>,
    ) -> Result<bool, StoreError> {
        note!(self, destinations::last_failed_at, id, at_ms, failure)
    }

    /// Notes when an attempt at a marked destination arrived. `false` when it is not marked, or when a later one is noted.
    pub async fn note_arrived(&self, id: DestinationId, at_ms: i64) -> Result<bool, StoreError> {
        note!(self, destinations::last_arrived_at, id, at_ms, None)
    }

    /// Takes the mark of failing off a destination. `false` when it has none, or is deleted.
    pub async fn end_failing(&self, id: DestinationId) -> Result<bool, StoreError> {
        either!(self.write(move |conn| {
            let changed = diesel::update(
                destinations::table
                    .find(&id.as_bytes()[..])
                    .filter(destinations::deleted_at.is_null())
                    .filter(destinations::failing_since.is_not_null()),
            )
            .set(NotFailing::default())
            .execute(conn)?;
            Ok(changed == 1)
        }))
    }

    /// Takes the mark off every destination that has recovered by now and is not paused. Returns those whose mark this took.
    pub async fn end_recovered(&self, now_ms: i64) -> Result<Vec<DestinationId>, StoreError> {
        either!(self.write(move |conn| {
            let (failed, arrived) = (destinations::last_failed_at, destinations::last_arrived_at);
            let is_quiet = failed.le(now_ms.saturating_sub(QUIET_MS));
            let by_a_fast_clock = failed.gt(now_ms.saturating_add(QUIET_MS));
            // Of two at the same time the arrival counts as the later one: nothing else may come that would end the mark.
            let has_recovered = is_quiet.and(arrived.ge(failed)).or(by_a_fast_clock);
            let ended: Vec<Vec<u8>> = diesel::update(
                destinations::table
                    .filter(destinations::failing_since.is_not_null())
                    .filter(destinations::deleted_at.is_null())
                    .filter(destinations::paused_at.is_null())
                    .filter(arrived.is_not_null())
                    // Nothing has failed since it was resumed, or a node of an older version noted nothing.
                    .filter(failed.is_null().or(has_recovered)),
            )
            .set(NotFailing::default())
            .returning(destinations::id)
            .get_results(conn)?;
            ended
                .iter()
                .map(|id| row::id(id, DestinationId::from_slice))
                .collect()
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

/// The columns of a destination that is not marked as failing.
#[derive(AsChangeset, Default)]
#[diesel(table_name = destinations, treat_none_as_null = true)]
struct NotFailing {
    failing_since: Option<i64>,
    last_failure: Option<String>,
    last_failed_at: Option<i64>,
    last_arrived_at: Option<i64>,
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
    last_failed_at: Option<i64>,
    last_arrived_at: Option<i64>,
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
                last_failed: row::maybe_time(self.last_failed_at)?,
                last_arrived: row::maybe_time(self.last_arrived_at)?,
                paused,
            },
            last_test: last_test(self.tested_at, self.last_test.as_deref())?,
            created_at: row::time(self.created_at)?,
            updated_at: row::time(self.updated_at)?,
        })
    }
}
