//! The audit log: who changed what.
//!
//! [`Store::noting`] gives a handle whose next change writes the note in its own transaction: both are there or neither. Notes are only
//! added, and forgotten with the retention. What has no index, like a text, is looked for in a bounded stretch of the log, and the answer says how
//! far it looked.

use std::sync::{Arc, Mutex, PoisonError};

use diesel::sql_types::Bool;
use diesel::{
    BoolExpressionMethods as _, BoxableExpression, Connection, EscapeExpressionMethods as _,
    ExpressionMethods as _, NullableExpressionMethods as _, OptionalExtension as _, QueryDsl as _,
    Queryable, RunQueryDsl as _, Selectable, SelectableHelper as _, TextExpressionMethods as _,
};

use crate::domain::audit::{Actor, ActorKind, Note};
use crate::domain::id::AuditId;
use crate::store::Store;
use crate::store::both::{both, either};
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::audit_log;
use crate::store::search::{in_one_case, like_in_order, like_pattern};
use crate::store::window::{Rows, Window};

/// Notes that a page looks through for what has no index. Each is compared with every sentence that the words may stand for, so they are fewer than
/// the deliveries of a look.
pub const LOOK_LIMIT: i64 = 2_000;

/// A note that waits for the change it tells of; taken by the first that succeeds.
pub(super) type Pending = Arc<Mutex<Option<Note>>>;

/// Which notes to show; empty fields do not narrow.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub object_kind: Option<String>,
    pub object_id: Option<String>,
    pub actor_id: Option<String>,
    pub actor_kind: Option<ActorKind>,
    /// Found in the sentence or the actor's name.
    pub text: Option<String>,
    /// Each is found in what the log shows.
    pub words: Vec<Word>,
    pub from_ms: Option<i64>,
    pub to_ms: Option<i64>,
    pub page: Window<AuditId>,
}

/// A word that is looked for in what the log shows, in whatever language.
#[derive(Debug, Clone)]
pub struct Word {
    /// As it was typed: part of a name, an action, or an English sentence.
    pub text: String,
    /// Sentences that hold the word as they are shown, each by the texts that stand in the stored one, in their order.
    pub sentences: Vec<Vec<String>>,
}

impl AuditFilter {
    /// It asks for more than the index tells that is walked.
    fn is_sifted(&self) -> bool {
        let indexed = [&self.object_id, &self.actor_id, &self.object_kind];
        self.actor_kind.is_some()
            || self.text.is_some()
            || !self.words.is_empty()
            || indexed.into_iter().flatten().count() > 1
    }

    /// The stretch of the one index that is walked.
    fn way(&self) -> AuditFilter {
        let mut way = AuditFilter {
            from_ms: self.from_ms,
            to_ms: self.to_ms,
            page: self.page,
            ..AuditFilter::default()
        };
        match (&self.object_id, &self.actor_id) {
            (Some(_), _) => way.object_id = self.object_id.clone(),
            (None, Some(_)) => way.actor_id = self.actor_id.clone(),
            (None, None) => way.object_kind = self.object_kind.clone(),
        }
        way
    }
}

/// A page of notes.
pub type AuditPage = Rows<Note, AuditId>;

impl Store {
    /// A handle to the same store whose next change is noted.
    pub fn noting(&self, note: Note) -> Store {
        Store {
            pending: Some(Arc::new(Mutex::new(Some(note)))),
            ..self.clone()
        }
    }

    /// The note that waits, for changes that have more to tell than it.
    pub(super) fn waiting_note(&self) -> Option<Note> {
        let pending = self.pending.as_ref()?;
        pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Writes a note alone, for what changes nothing here or was changed before.
    pub async fn note(&self, note: Note) -> Result<(), StoreError> {
        let store = self.noting(note);
        either!(store.write(|_| Ok(())))
    }

    /// One page of notes, the newest first.
    pub async fn audit_log(&self, filter: AuditFilter) -> Result<AuditPage, StoreError> {
        either!(self.read(move |conn| found(conn, &filter)))
    }

    /// Forgets at most `limit` notes from before `before_ms`. Returns how many.
    pub async fn forget_notes(&self, before_ms: i64, limit: i64) -> Result<usize, StoreError> {
        either!(self.write(move |conn| {
            let first_kept = AuditId::new(u64::try_from(before_ms).unwrap_or(0), [0; 10]);
            let old: Vec<Vec<u8>> = audit_log::table
                .filter(audit_log::id.lt(first_kept.as_bytes().to_vec()))
                .order(audit_log::id)
                .limit(limit)
                .select(audit_log::id)
                .load(conn)?;
            Ok(diesel::delete(audit_log::table.filter(audit_log::id.eq_any(old))).execute(conn)?)
        }))
    }

    /// For a change that may find that there is nothing to do: lets go of the note that waits.
    pub(super) fn unnoted(&self) -> impl FnOnce() + Send + 'static + use<> {
        let pending = self.pending.clone();
        move || {
            if let Some(pending) = pending {
                pending
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take();
            }
        }
    }

    /// The change, followed by the note that waits: both are committed or neither.
    pub(super) fn noted<Conn, T, C>(
        &self,
        change: C,
    ) -> impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static + use<Conn, T, C>
    where
        Conn: insert + 'static,
        C: FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    {
        let pending = self.pending.clone();
        move |conn| {
            let done = change(conn)?;
            let waiting = pending.and_then(|pending| {
                let mut note = pending.lock().unwrap_or_else(PoisonError::into_inner);
                note.take()
            });
            waiting.map_or(Ok(()), |note| insert(conn, &note))?;
            Ok(done)
        }
    }
}

/// A condition on notes, for whichever database `Conn` is of.
type Condition<Conn> =
    Box<dyn BoxableExpression<audit_log::table, <Conn as Connection>::Backend, SqlType = Bool>>;

/// Whether a text is found in a column, in letters of any size.
macro_rules! holds {
    ($column:expr, $pattern:expr) => {
        in_one_case!($column.nullable())
            .like(in_one_case!(Some($pattern)))
            .escape('\\')
            .assume_not_null()
    };
}

/// Narrows a boxed query by what has an index, and puts it in order.
macro_rules! walked {
    ($query:expr, $filter:expr) => {{
        let mut query = $query;
        if let Some(kind) = &$filter.object_kind {
            query = query.filter(audit_log::object_kind.eq(kind.clone()));
        }
        if let Some(id) = &$filter.object_id {
            query = query.filter(audit_log::object_id.eq(id.clone()));
        }
        if let Some(id) = &$filter.actor_id {
            query = query.filter(audit_log::actor_id.eq(id.clone()));
        }
        // An id begins with its time, so a time range is a range of ids.
        if let Some(from_ms) = $filter.from_ms {
            query = query.filter(audit_log::id.ge(row::first_id(from_ms)));
        }
        if let Some(to_ms) = $filter.to_ms {
            query = query.filter(audit_log::id.lt(row::first_id(to_ms)));
        }
        if let Some(before) = $filter.page.before {
            query = query.filter(audit_log::id.lt(before.as_bytes().to_vec()));
        }
        match $filter.page.after {
            Some(after) => query
                .filter(audit_log::id.gt(after.as_bytes().to_vec()))
                .order(audit_log::id.asc()),
            None => query.order(audit_log::id.desc()),
        }
    }};
}

both! {
    fn found(conn: &mut Conn, filter: &AuditFilter) -> Result<AuditPage, StoreError> {
        let edge: Option<Vec<u8>> = if filter.is_sifted() {
            walked!(audit_log::table.select(audit_log::id).into_boxed(), filter.way())
                .offset(LOOK_LIMIT)
                .first(conn)
                .optional()?
        } else {
            None
        };
        let notes = audit_log::table.select(AuditRow::as_select()).into_boxed();
        let way = filter.way();
        let mut query = walked!(notes, way);
        // Written so that no index is of use: walking another one than the edge was found on would find no end.
        if let Some(kind) = filter.object_kind.as_ref().filter(|_| way.object_kind.is_none()) {
            query = query.filter(audit_log::object_kind.concat("").eq(kind.clone()));
        }
        if let Some(id) = filter.actor_id.as_ref().filter(|_| way.actor_id.is_none()) {
            query = query.filter(audit_log::actor_id.concat("").eq(id.clone()));
        }
        if let Some(kind) = filter.actor_kind {
            query = query.filter(audit_log::actor_kind.eq(kind.as_str()));
        }
        if let Some(text) = &filter.text {
            let pattern = like_pattern(text)?;
            query = query.filter(
                holds!(audit_log::sentence, pattern.clone())
                    .or(holds!(audit_log::actor_name, pattern)),
            );
        }
        for word in &filter.words {
            let pattern = like_pattern(&word.text)?;
            let mut shown: Condition<Self> = Box::new(
                holds!(audit_log::sentence, pattern.clone())
                    .or(holds!(audit_log::actor_name, pattern.clone()))
                    .or(holds!(audit_log::action, pattern)),
            );
            for texts in &word.sentences {
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                let in_order = like_in_order(&texts)?;
                shown = Box::new(shown.or(holds!(audit_log::sentence, in_order)));
            }
            query = query.filter(shown);
        }
        if let Some(edge) = edge.clone() {
            query = match filter.page.after {
                Some(_) => query.filter(audit_log::id.le(edge)),
                None => query.filter(audit_log::id.ge(edge)),
            };
        }
        let found: Vec<AuditRow> = query.limit(filter.page.asked()).load(conn)?;
        let found: Vec<Note> = found
            .into_iter()
            .map(AuditRow::into_domain)
            .collect::<Result<_, _>>()?;
        let edge = edge.map(|id| row::id(&id, AuditId::from_slice)).transpose()?;
        Ok(filter.page.cut(found, edge))
    }
}

both! {
    pub(super) fn insert(conn: &mut Conn, note: &Note) -> Result<(), StoreError> {
        diesel::insert_into(audit_log::table)
            .values((
                audit_log::id.eq(&note.id.as_bytes()[..]),
                audit_log::at.eq(note.at.as_millisecond()),
                audit_log::actor_kind.eq(note.actor.kind.as_str()),
                audit_log::actor_id.eq(note.actor.id.as_deref()),
                audit_log::actor_name.eq(&note.actor.name),
                audit_log::address.eq(note.actor.address.as_deref()),
                audit_log::action.eq(&note.action),
                audit_log::object_kind.eq(&note.object_kind),
                audit_log::object_id.eq(&note.object_id),
                audit_log::sentence.eq(&note.sentence),
            ))
            .execute(conn)?;
        Ok(())
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_log)]
struct AuditRow {
    id: Vec<u8>,
    at: i64,
    actor_kind: String,
    actor_id: Option<String>,
    actor_name: String,
    address: Option<String>,
    action: String,
    object_kind: String,
    object_id: String,
    sentence: String,
}

impl AuditRow {
    fn into_domain(self) -> Result<Note, StoreError> {
        Ok(Note {
            id: row::id(&self.id, AuditId::from_slice)?,
            at: row::time(self.at)?,
            actor: Actor {
                kind: row::word(&self.actor_kind, ActorKind::from_word)?,
                id: self.actor_id,
                name: self.actor_name,
                address: self.address,
            },
            action: self.action,
            object_kind: self.object_kind,
            object_id: self.object_id,
            sentence: self.sentence,
        })
    }
}
