//! What was deleted and keeps its row, because events and deliveries name it.

use std::collections::HashSet;

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};

use crate::store::Store;
use crate::store::both::either;
use crate::store::error::StoreError;
use crate::store::schema::{connections, destinations, sources};

impl Store {
    /// The ids of deleted sources, destinations and connections, as text. Nothing new can have one of them.
    pub async fn ids_of_deleted(&self) -> Result<HashSet<String>, StoreError> {
        either!(self.read(|conn| {
            let mut ids: Vec<Vec<u8>> = sources::table
                .filter(sources::deleted_at.is_not_null())
                .select(sources::id)
                .load(conn)?;
            ids.extend(
                destinations::table
                    .filter(destinations::deleted_at.is_not_null())
                    .select(destinations::id)
                    .load::<Vec<u8>>(conn)?,
            );
            ids.extend(
                connections::table
                    .filter(connections::deleted_at.is_not_null())
                    .select(connections::id)
                    .load::<Vec<u8>>(conn)?,
            );
            let read = ids.iter().filter_map(|id| uuid::Uuid::from_slice(id).ok());
            Ok(read.map(|id| id.hyphenated().to_string()).collect())
        }))
    }
}
