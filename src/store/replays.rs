//! Replays: their rows, and the step that moves a replay and its deliveries together.
//!
//! Called by `flow::replay`; the pages and the API read. The position moves in the transaction that stores the deliveries, and only from where
//! it was seen: whoever comes second writes nothing. Which deliveries a replay is for is found in `look`.

use std::collections::{HashMap, HashSet};

use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, NullableExpressionMethods as _,
    OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _, Selectable,
    SelectableHelper as _,
};
use jiff::Timestamp;

use crate::domain::delivery::State;
use crate::domain::id::{ClaimId, DeliveryId, ReplayId};
use crate::domain::replay::{LeftOut, ReplayState, VersionChoice, Wish};
use crate::store::Store;
use crate::store::both::{both, either};
use crate::store::claims::Ended;
use crate::store::error::StoreError;
use crate::store::ingest::{NewDelivery, insert_deliveries};
use crate::store::row;
use crate::store::schema::{deliveries, replays};
use crate::store::window::{Rows, Window};

/// Deliveries of a replay that are counted by state; beyond, the newest ones are.
pub const STATES_COUNT_LIMIT: i64 = 50_000;

/// Deliveries that are given up in one transaction, so that others may write between.
const GIVE_UP_LIMIT: i64 = 1_000;

/// A replay as it stands.
#[derive(Debug, Clone)]
pub struct Replay {
    pub id: ReplayId,
    pub wish: Wish,
    pub state: ReplayState,
    /// Deliveries that matched when it was asked for.
    pub matching: i64,
    /// More matched than were counted.
    pub at_least: bool,
    /// Every delivery up to here has been looked at.
    pub position: Option<DeliveryId>,
    /// Matching deliveries that were looked at.
    pub looked_at: i64,
    /// Deliveries it made.
    pub made: i64,
    /// Matching deliveries whose event and connection it had made before.
    pub repeated: i64,
    pub left_out: LeftOut,
    /// Until when its pace is used up, in milliseconds since 1970.
    pub paced_until_ms: i64,
    pub created_at: Timestamp,
    pub created_by: String,
    pub finished_at: Option<Timestamp>,
    pub cancelled_by: Option<String>,
}

/// A replay to be made.
#[derive(Debug, Clone)]
pub struct NewReplay {
    pub id: ReplayId,
    pub wish: Wish,
    pub matching: i64,
    pub at_least: bool,
    pub paced_until_ms: i64,
    pub created_by: String,
    pub now_ms: i64,
}

/// A step of a replay: the deliveries made, and everything that moves with them.
#[derive(Debug, Clone)]
pub struct Step {
    pub replay_id: ReplayId,
    /// Where the replay stood when the step was planned.
    pub from: Option<DeliveryId>,
    pub to: Option<DeliveryId>,
    pub made: Vec<NewDelivery>,
    /// Matching deliveries looked at in this step.
    pub looked_at: i64,
    /// All left out so far, with this step.
    pub left_out: LeftOut,
    pub paced_until_ms: i64,
    /// The end of the selection was reached, at this time in milliseconds since 1970.
    pub finished_ms: Option<i64>,
}

impl Store {
    /// Makes a replay, unless too many are running.
    pub async fn create_replay(
        &self,
        new: NewReplay,
        running_limit: usize,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            if running(conn)?.len() >= running_limit {
                return Err(StoreError::Conflict(format!(
                    "{running_limit} replays are running already; wait for one to finish, or cancel one."
                )));
            }
            diesel::insert_into(replays::table)
                .values((
                    replays::id.eq(&new.id.as_bytes()[..]),
                    replays::selection.eq(to_json(&new.wish.selection)?),
                    replays::version.eq(new.wish.version.as_str()),
                    replays::per_second.eq(i32::try_from(new.wish.per_second).unwrap_or(i32::MAX)),
                    replays::state.eq(ReplayState::Running.as_str()),
                    replays::matching.eq(new.matching),
                    replays::at_least.eq(new.at_least),
                    replays::left_out.eq(to_json(&LeftOut::default())?),
                    replays::paced_until.eq(new.paced_until_ms),
                    replays::created_at.eq(new.now_ms),
                    replays::created_by.eq(&new.created_by),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Those that are running, the oldest first.
    pub async fn running_replays(&self) -> Result<Vec<Replay>, StoreError> {
        either!(self.read(|conn| {
            running(conn)?
                .into_iter()
                .map(ReplayRow::into_domain)
                .collect()
        }))
    }

    /// One replay.
    pub async fn replay(&self, id: ReplayId) -> Result<Replay, StoreError> {
        either!(self.read(move |conn| {
            replays::table
                .find(&id.as_bytes()[..])
                .select(ReplayRow::as_select())
                .first(conn)
                .optional()?
                .ok_or(StoreError::NotFound("replay"))?
                .into_domain()
        }))
    }

    /// One page of replays, the newest first.
    pub async fn replays(
        &self,
        page: Window<ReplayId>,
    ) -> Result<Rows<Replay, ReplayId>, StoreError> {
        either!(self.read(move |conn| {
            let mut query = replays::table.into_boxed();
            if let Some(before) = page.before {
                query = query.filter(replays::id.lt(before.as_bytes().to_vec()));
            }
            query = match page.after {
                Some(after) => query
                    .filter(replays::id.gt(after.as_bytes().to_vec()))
                    .order(replays::id.asc()),
                None => query.order(replays::id.desc()),
            };
            let found: Vec<ReplayRow> = query
                .limit(page.asked())
                .select(ReplayRow::as_select())
                .load(conn)?;
            let replays: Vec<Replay> = found
                .into_iter()
                .map(ReplayRow::into_domain)
                .collect::<Result<_, _>>()?;
            Ok(page.cut(replays, None))
        }))
    }

    /// Stores a step: position, counts and deliveries together. Returns the deliveries that were stored; `None`, and nothing is written, when the
    /// replay runs no more or another one took this step.
    pub async fn advance_replay(
        &self,
        step: Step,
    ) -> Result<Option<HashSet<DeliveryId>>, StoreError> {
        either!(self.write_freely(move |conn| {
            if !move_position(conn, &step)? {
                return Ok(None);
            }
            insert_deliveries(conn, &step.made)?;
            let stored: Vec<Vec<u8>> = deliveries::table
                .filter(deliveries::id.eq_any(step.made.iter().map(|one| &one.id.as_bytes()[..])))
                .select(deliveries::id)
                .load(conn)?;
            let made = i64::try_from(stored.len()).unwrap_or(0);
            let repeated = i64::try_from(step.made.len()).unwrap_or(0) - made;
            diesel::update(replays::table.find(&step.replay_id.as_bytes()[..]))
                .set((
                    replays::queued.eq(replays::queued + made),
                    replays::repeated.eq(replays::repeated + repeated),
                ))
                .execute(conn)?;
            stored
                .iter()
                .map(|id| row::id(id, DeliveryId::from_slice))
                .collect::<Result<_, _>>()
                .map(Some)
        }))
    }

    /// Stops a replay: from this commit on it makes nothing more.
    pub async fn cancel_replay(
        &self,
        id: ReplayId,
        who: String,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        either!(self.write_freely(move |conn| {
            diesel::update(
                replays::table
                    .filter(replays::id.eq(&id.as_bytes()[..]))
                    .filter(replays::state.ne(ReplayState::Cancelled.as_str())),
            )
            .set((
                replays::state.eq(ReplayState::Cancelled.as_str()),
                replays::finished_at.eq(Some(now_ms)),
                replays::cancelled_by.eq(Some(who)),
            ))
            .execute(conn)?;
            Ok(())
        }))
    }

    /// Replays that were cancelled since this time, in milliseconds since 1970, and by whom.
    pub async fn lately_cancelled(
        &self,
        since_ms: i64,
    ) -> Result<Vec<(ReplayId, String)>, StoreError> {
        let rows: Vec<(Vec<u8>, Option<String>)> = either!(self.read(move |conn| {
            Ok(replays::table
                .filter(replays::state.eq(ReplayState::Cancelled.as_str()))
                .filter(replays::finished_at.ge(since_ms))
                .select((replays::id, replays::cancelled_by))
                .load(conn)?)
        }))?;
        rows.into_iter()
            .map(|(id, who)| Ok((row::id(&id, ReplayId::from_slice)?, who.unwrap_or_default())))
            .collect()
    }

    /// How many of the replay's deliveries are in each state, and whether there are more than were counted.
    pub async fn replay_states(
        &self,
        id: ReplayId,
    ) -> Result<(HashMap<State, i64>, bool), StoreError> {
        either!(self.read(move |conn| {
            let of_replay =
                || deliveries::table.filter(deliveries::replay_id.eq(id.as_bytes().to_vec()));
            let first_uncounted: Option<Vec<u8>> = of_replay()
                .order(deliveries::id.desc())
                .offset(STATES_COUNT_LIMIT)
                .limit(1)
                .select(deliveries::id)
                .first(conn)
                .optional()?;
            let at_least = first_uncounted.is_some();
            let counts: Vec<(String, i64)> = of_replay()
                .filter(deliveries::id.gt(first_uncounted.unwrap_or_default()))
                .group_by(deliveries::state)
                .select((deliveries::state, diesel::dsl::count_star()))
                .load(conn)?;
            let counts = counts
                .into_iter()
                .map(|(word, count)| Ok((row::word(&word, State::from_word)?, count)))
                .collect::<Result<_, StoreError>>()?;
            Ok((counts, at_least))
        }))
    }

    /// The replay's deliveries that are not finished, after this one and in their order: as many as one transaction gives up.
    pub async fn unfinished_of_replay(
        &self,
        id: ReplayId,
        after: Option<DeliveryId>,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        either!(self.read(move |conn| {
            let after = after.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
            let ids: Vec<Vec<u8>> = deliveries::table
                .filter(deliveries::replay_id.eq(&id.as_bytes()[..]))
                .filter(deliveries::finished_at.is_null())
                .filter(deliveries::id.gt(after))
                .order(deliveries::id)
                .limit(GIVE_UP_LIMIT)
                .select(deliveries::id)
                .load(conn)?;
            ids.iter()
                .map(|id| row::id(id, DeliveryId::from_slice))
                .collect()
        }))
    }

    /// Gives up those of these deliveries that nobody holds, and those that the caller took out unsent with their claims. Returns how many.
    pub async fn give_up(
        &self,
        waiting: Vec<DeliveryId>,
        taken_out: Vec<(DeliveryId, ClaimId)>,
        problem: String,
        now_ms: i64,
    ) -> Result<usize, StoreError> {
        either!(self.write_freely(move |conn| {
            let ids = |ids: &mut dyn Iterator<Item = DeliveryId>| -> Vec<Vec<u8>> {
                ids.map(|id| id.as_bytes().to_vec()).collect()
            };
            let claims = taken_out.iter().map(|(_, claim)| claim.as_bytes().to_vec());
            // A claim may cover others too, which are being sent.
            let ours = deliveries::id
                .eq_any(ids(&mut taken_out.iter().map(|(id, _)| *id)))
                .and(deliveries::claim_id.eq_any(claims).assume_not_null());
            Ok(diesel::update(
                deliveries::table
                    .filter(deliveries::id.eq_any(ids(&mut waiting.iter().copied())))
                    .filter(deliveries::finished_at.is_null())
                    .filter(deliveries::claim_id.is_null().or(ours)),
            )
            .set(Ended::new(State::Discarded, &problem, now_ms))
            .execute(conn)?)
        }))
    }
}

both! {
    /// Moves the position and what goes with it, from where the step saw it. `false` when it is not there any more.
    fn move_position(conn: &mut Conn, step: &Step) -> Result<bool, StoreError> {
        let bytes = |id: Option<DeliveryId>| id.map(|id| id.as_bytes().to_vec());
        let state = match step.finished_ms {
            Some(_) => ReplayState::Finished,
            None => ReplayState::Running,
        };
        let update = diesel::update(replays::table)
            .set((
                replays::position.eq(bytes(step.to)),
                replays::looked_at.eq(replays::looked_at + step.looked_at),
                replays::left_out.eq(to_json(&step.left_out)?),
                replays::paced_until.eq(step.paced_until_ms),
                replays::state.eq(state.as_str()),
                replays::finished_at.eq(step.finished_ms),
            ))
            .into_boxed()
            .filter(replays::id.eq(step.replay_id.as_bytes().to_vec()))
            .filter(replays::state.eq(ReplayState::Running.as_str()));
        let update = match bytes(step.from) {
            Some(from) => update.filter(replays::position.eq(from)),
            None => update.filter(replays::position.is_null()),
        };
        let moved = update.execute(conn)?;
        Ok(moved == 1)
    }
}

both! {
    fn running(conn: &mut Conn) -> Result<Vec<ReplayRow>, StoreError> {
        Ok(replays::table
            .filter(is_running())
            .order(replays::id)
            .select(ReplayRow::as_select())
            .load(conn)?)
    }
}

/// Written out instead of bound: a planner must see the word to use the index over running replays.
fn is_running() -> diesel::expression::SqlLiteral<diesel::sql_types::Bool> {
    diesel::dsl::sql("replays.state = 'running'")
}

fn to_json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text)
        .map_err(|error| StoreError::Corrupt(format!("a replay's row: {error}")))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = replays)]
struct ReplayRow {
    id: Vec<u8>,
    selection: String,
    version: String,
    per_second: i32,
    state: String,
    matching: i64,
    at_least: bool,
    position: Option<Vec<u8>>,
    looked_at: i64,
    queued: i64,
    repeated: i64,
    left_out: String,
    paced_until: i64,
    created_at: i64,
    created_by: String,
    finished_at: Option<i64>,
    cancelled_by: Option<String>,
}

impl ReplayRow {
    fn into_domain(self) -> Result<Replay, StoreError> {
        Ok(Replay {
            id: row::id(&self.id, ReplayId::from_slice)?,
            wish: Wish {
                selection: from_json(&self.selection)?,
                version: row::word(&self.version, VersionChoice::from_word)?,
                per_second: row::count(self.per_second)?,
            },
            state: row::word(&self.state, ReplayState::from_word)?,
            matching: self.matching,
            at_least: self.at_least,
            position: self
                .position
                .map(|id| row::id(&id, DeliveryId::from_slice))
                .transpose()?,
            looked_at: self.looked_at,
            made: self.queued,
            repeated: self.repeated,
            left_out: from_json(&self.left_out)?,
            paced_until_ms: self.paced_until,
            created_at: row::time(self.created_at)?,
            created_by: self.created_by,
            finished_at: row::maybe_time(self.finished_at)?,
            cancelled_by: self.cancelled_by,
        })
    }
}
