//! People with an account: making, finding, changing them. There is always an owner left who can sign in.

use diesel::{
    ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, Queryable, RunQueryDsl as _,
    Selectable, SelectableHelper as _,
};

use crate::domain::audit::Note;
use crate::domain::id::{AuditId, InviteId, UserId};
use crate::domain::person::{Language, Role, User};
use crate::store::Store;
use crate::store::audit;
use crate::store::both::{both, either};
use crate::store::error::StoreError;
use crate::store::row;
use crate::store::schema::{invites, sessions, users};

/// A user with the hash that only sign-in looks at.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub user: User,
    /// PHC string of argon2id.
    pub password_hash: String,
}

impl Store {
    /// Makes a user. With `only_first`, refuses when there is one already: the first-run page must not make a second owner.
    pub async fn create_user(
        &self,
        user: User,
        password_hash: String,
        only_first: bool,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            let present: i64 = users::table.count().get_result(conn)?;
            if only_first && present > 0 {
                return Err(StoreError::Conflict(
                    "There is an account already; sign in with it.".into(),
                ));
            }
            refuse_known_address(conn, &user.email)?;
            insert_user(conn, &user, &password_hash)
        }))
    }

    /// Every user, the oldest first.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        either!(self.read(|conn| {
            let rows: Vec<UserRow> = users::table
                .order(users::id)
                .select(UserRow::as_select())
                .load(conn)?;
            rows.into_iter().map(UserRow::into_domain).collect()
        }))
    }

    /// One user.
    pub async fn user(&self, id: UserId) -> Result<User, StoreError> {
        either!(self.read(move |conn| load(conn, id)?.into_domain()))
    }

    /// Whether anybody has an account yet.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        either!(self.read(|conn| Ok(users::table.count().get_result::<i64>(conn)? > 0)))
    }

    /// The user with this address, and the hash to check a password against.
    pub async fn credentials(&self, email: String) -> Result<Option<Credentials>, StoreError> {
        either!(self.read(move |conn| {
            let row: Option<(UserRow, String)> = users::table
                .filter(users::email.eq(email))
                .select((UserRow::as_select(), users::password_hash))
                .first(conn)
                .optional()?;
            row.map(|(user, password_hash)| {
                Ok(Credentials {
                    user: user.into_domain()?,
                    password_hash,
                })
            })
            .transpose()
        }))
    }

    /// Sets a new password hash, ends every session of the user and withdraws their invitations.
    pub async fn change_password(
        &self,
        email: String,
        password_hash: String,
    ) -> Result<(), StoreError> {
        let note = self.waiting_note();
        either!(self.write(move |conn| {
            let id: Vec<u8> = users::table
                .filter(users::email.eq(&email))
                .select(users::id)
                .first(conn)
                .optional()?
                .ok_or(StoreError::NotFound("user"))?;
            diesel::update(users::table.find(&id))
                .set(users::password_hash.eq(password_hash))
                .execute(conn)?;
            diesel::delete(sessions::table.filter(sessions::user_id.eq(&id))).execute(conn)?;
            withdraw_invites_of(conn, &id, note.as_ref())
        }))
    }

    /// Gives a user another name.
    pub async fn rename_user(&self, id: UserId, name: String) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            load(conn, id)?;
            diesel::update(users::table.find(&id.as_bytes()[..]))
                .set(users::name.eq(name))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Chooses how a user reads the pages; `None` leaves it to the browser.
    pub async fn choose_reading(
        &self,
        id: UserId,
        language: Option<Language>,
        time_zone: Option<String>,
    ) -> Result<(), StoreError> {
        either!(self.write(move |conn| {
            load(conn, id)?;
            diesel::update(users::table.find(&id.as_bytes()[..]))
                .set((
                    users::language.eq(language.map(Language::as_str)),
                    users::time_zone.eq(time_zone),
                ))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Gives a user another role; the last owner keeps theirs. Invitations of whoever is no owner any more are withdrawn.
    pub async fn change_role(&self, id: UserId, role: Role) -> Result<(), StoreError> {
        let note = self.waiting_note();
        either!(self.write(move |conn| {
            if role != Role::Owner {
                refuse_for_last_owner(conn, id)?;
                withdraw_invites_of(conn, id.as_bytes(), note.as_ref())?;
            }
            diesel::update(users::table.find(&id.as_bytes()[..]))
                .set(users::role.eq(role.as_str()))
                .execute(conn)?;
            Ok(())
        }))
    }

    /// Switches an account off, ending its sessions and withdrawing its invitations, or on again. The last owner's stays on.
    pub async fn switch_user(
        &self,
        id: UserId,
        active: bool,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let note = self.waiting_note();
        either!(self.write(move |conn| {
            if active {
                load(conn, id).map(drop)?
            } else {
                refuse_for_last_owner(conn, id)?
            }
            diesel::update(users::table.find(&id.as_bytes()[..]))
                .set(users::deactivated_at.eq((!active).then_some(now_ms)))
                .execute(conn)?;
            if !active {
                let of_user = sessions::user_id.eq(&id.as_bytes()[..]);
                diesel::delete(sessions::table.filter(of_user)).execute(conn)?;
                withdraw_invites_of(conn, id.as_bytes(), note.as_ref())?;
            }
            Ok(())
        }))
    }

    /// Removes an account with its sessions, second factor and invitations; the last owner's stays.
    pub async fn remove_user(&self, id: UserId) -> Result<(), StoreError> {
        let note = self.waiting_note();
        either!(self.write(move |conn| {
            refuse_for_last_owner(conn, id)?;
            withdraw_invites_of(conn, id.as_bytes(), note.as_ref())?;
            diesel::delete(users::table.find(&id.as_bytes()[..])).execute(conn)?;
            Ok(())
        }))
    }
}

both! {
    pub(super) fn refuse_known_address(conn: &mut Conn, email: &str) -> Result<(), StoreError> {
        let known: i64 = users::table
            .filter(users::email.eq(email))
            .count()
            .get_result(conn)?;
        match known {
            0 => Ok(()),
            _ => Err(StoreError::Conflict(format!(
                "There is an account for {email} already."
            ))),
        }
    }
}

both! {
    pub(super) fn insert_user(conn: &mut Conn, user: &User, password_hash: &str) -> Result<(), StoreError> {
        diesel::insert_into(users::table)
            .values((
                users::id.eq(&user.id.as_bytes()[..]),
                users::email.eq(&user.email),
                users::name.eq(&user.name),
                users::password_hash.eq(password_hash),
                users::role.eq(user.role.as_str()),
                users::created_at.eq(user.created_at.as_millisecond()),
            ))
            .execute(conn)?;
        Ok(())
    }
}

both! {
    /// Withdraws the open invitations of somebody whose rights end, or whose password others may have known. Each is noted beside the change.
    fn withdraw_invites_of(conn: &mut Conn, inviter: &[u8], change: Option<&Note>) -> Result<(), StoreError> {
        let of_inviter = invites::table.filter(invites::invited_by_id.eq(inviter));
        let withdrawn: Vec<(Vec<u8>, String, String)> = of_inviter
            .select((invites::id, invites::email, invites::invited_by))
            .load(conn)?;
        diesel::delete(of_inviter).execute(conn)?;
        let Some(change) = change else { return Ok(()) };
        let change_id = u128::from_be_bytes(*change.id.as_bytes());
        for (place, (id, email, name)) in (1_u128..).zip(withdrawn) {
            // The ids that follow the change's, so that they stand together.
            let note_id = change_id.wrapping_add(place).to_be_bytes();
            let note = Note::new(
                row::id(&note_id, AuditId::from_slice)?,
                change.at,
                change.actor.clone(),
                "invite.withdrawn",
                row::id(&id, InviteId::from_slice)?,
                format!("Withdrew the invitation of {email} with the rights of {name}."),
            );
            audit::insert(conn, &note)?;
        }
        Ok(())
    }
}

both! {
    /// For what whoever is admitted may do only as long as they are an owner.
    pub(super) fn refuse_unless_owner(conn: &mut Conn, id: UserId) -> Result<(), StoreError> {
        let owners: i64 = users::table
            .find(&id.as_bytes()[..])
            .filter(users::role.eq(Role::Owner.as_str()))
            .filter(users::deactivated_at.is_null())
            .count()
            .get_result(conn)?;
        match owners {
            0 => Err(StoreError::Outdated),
            _ => Ok(()),
        }
    }
}

both! {
    fn refuse_for_last_owner(conn: &mut Conn, id: UserId) -> Result<(), StoreError> {
        load(conn, id)?;
        let others: i64 = users::table
            .filter(users::role.eq(Role::Owner.as_str()))
            .filter(users::deactivated_at.is_null())
            .filter(users::id.ne(&id.as_bytes()[..]))
            .count()
            .get_result(conn)?;
        match others {
            0 => Err(StoreError::Conflict(
                "This is the last owner who can sign in; make somebody else an owner first.".into(),
            )),
            _ => Ok(()),
        }
    }
}

both! {
    fn load(conn: &mut Conn, id: UserId) -> Result<UserRow, StoreError> {
        users::table
            .find(&id.as_bytes()[..])
            .select(UserRow::as_select())
            .first(conn)
            .optional()?
            .ok_or(StoreError::NotFound("person"))
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
pub(super) struct UserRow {
    id: Vec<u8>,
    email: String,
    name: String,
    role: String,
    created_at: i64,
    deactivated_at: Option<i64>,
    totp_sealed: Option<Vec<u8>>,
    language: Option<String>,
    time_zone: Option<String>,
}

impl UserRow {
    pub(super) fn into_domain(self) -> Result<User, StoreError> {
        Ok(User {
            id: row::id(&self.id, UserId::from_slice)?,
            email: self.email,
            name: self.name,
            role: row::word(&self.role, Role::from_word)?,
            created_at: row::time(self.created_at)?,
            deactivated_at: row::maybe_time(self.deactivated_at)?,
            has_second_factor: self.totp_sealed.is_some(),
            // A language that a newer version knew is none to this one.
            language: self.language.as_deref().and_then(Language::from_tag),
            time_zone: self.time_zone,
        })
    }
}
