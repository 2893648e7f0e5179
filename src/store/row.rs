//! Between rows and domain values: ids, times, sealed texts, and the check of the master key.
//!
//! Used by every file of the store. A value that does not read back is [`StoreError::Corrupt`], never skipped.

use diesel::ExpressionMethods as _;
use diesel::{OptionalExtension as _, QueryDsl as _, RunQueryDsl as _};
use jiff::Timestamp;

use crate::domain::event::both_names;
use crate::domain::id::EventId;
use crate::domain::seal::{MasterKey, SealError};
use crate::domain::secret::Secret;
use crate::store::both::both;
use crate::store::error::StoreError;
use crate::store::schema::key_check;

/// What the key check seals.
const KEY_CHECK_TEXT: &[u8] = b"bluebridge";
pub const KEY_CHECK_ROW: &[u8] = b"key_check/1";

/// What a column can hold of a text: PostgreSQL's holds no zero character.
pub fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The names that an event which is asked for by one of them may be stored under.
pub fn event_names(event_type: &str) -> Vec<String> {
    both_names(&text(event_type))
}

/// What the ids of events and deliveries begin with from this time on, in milliseconds since 1970. Shorter than every whole id, and so before it.
pub fn first_id(unix_ms: i64) -> Vec<u8> {
    let unix_ms = u64::try_from(unix_ms).unwrap_or(0);
    EventId::new(unix_ms, [0; 10]).as_bytes()[..8].to_vec()
}

/// Reads an id column.
pub fn id<T>(bytes: &[u8], read: impl FnOnce(&[u8]) -> Option<T>) -> Result<T, StoreError> {
    read(bytes).ok_or_else(|| StoreError::Corrupt("an id that is not sixteen bytes".into()))
}

/// Reads when the event or delivery of an id column was made, in milliseconds since 1970.
pub fn id_ms(bytes: &[u8]) -> Result<i64, StoreError> {
    Ok(id(bytes, EventId::from_slice)?.unix_ms())
}

/// Reads a time column.
pub fn time(unix_ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(unix_ms)
        .map_err(|_| StoreError::Corrupt(format!("a time out of range: {unix_ms}")))
}

/// Reads a time column that may be empty.
pub fn maybe_time(unix_ms: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
    unix_ms.map(time).transpose()
}

/// Reads a word column through its type's reader.
pub fn word<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
    read(text).ok_or_else(|| StoreError::Corrupt(format!("an unknown word `{text}`")))
}

/// Seals a secret for the named row.
pub fn seal(key: &MasterKey, row: &str, secret: &Secret) -> Result<Vec<u8>, StoreError> {
    Ok(key.seal(row.as_bytes(), secret.expose(), rand::random())?)
}

/// Opens a sealed column of the named row.
pub fn open(key: &MasterKey, row: &str, sealed: &[u8]) -> Result<Secret, StoreError> {
    Ok(Secret::new(key.open(row.as_bytes(), sealed)?.to_vec()))
}

both! {
    /// Seals a known text when the database is new; afterwards, opens it, so that a wrong key is refused at start.
    pub fn check_key(conn: &mut Conn, key: &MasterKey) -> Result<(), StoreError> {
        let sealed: Option<Vec<u8>> = key_check::table
            .select(key_check::sealed)
            .first(conn)
            .optional()?;
        match sealed {
            Some(sealed) => {
                let plain = key.open(KEY_CHECK_ROW, &sealed)?;
                (plain.as_slice() == KEY_CHECK_TEXT)
                    .then_some(())
                    .ok_or(StoreError::Seal(SealError::Damaged))
            }
            None => {
                let sealed = key.seal(KEY_CHECK_ROW, KEY_CHECK_TEXT, rand::random())?;
                diesel::insert_into(key_check::table)
                    .values((key_check::id.eq(1), key_check::sealed.eq(sealed)))
                    .execute(conn)?;
                Ok(())
            }
        }
    }
}

/// A number that is never negative.
pub fn count(number: i32) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|_| StoreError::Corrupt(format!("a negative count: {number}")))
}
