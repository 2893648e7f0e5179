//! The audit log for owners: who changed what, narrowed and page by page.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::Timestamp;

use crate::domain::audit::{ActorKind, Note, OBJECT_KINDS};
use crate::flow::Bridge;
use crate::store::audit::{AuditFilter, Word};
use crate::store::window::Window;
use crate::web::admission::signed_in;
use crate::web::i18n::Key;
use crate::web::phrases::{retold, sentences_with};
use crate::web::ui::account::Tabs;
use crate::web::ui::error::PageError;
use crate::web::ui::page::{Page, render};
use crate::web::ui::pager::Pager;
use crate::web::ui::query::{filled, query_text};
use crate::web::ui::row::Moment;

/// Notes on one page.
const PER_PAGE: i64 = 50;
/// Most words that are looked for.
const WORDS_LIMIT: usize = 8;

const ACTORS: [(&str, Key); 4] = [
    ("person", key!("settings-people")),
    ("token", key!("settings-tokens")),
    ("command_line", key!("settings-command-line")),
    ("nobody", key!("settings-nobody")),
];

#[derive(Template)]
#[template(path = "settings/audit.html")]
struct AuditPage {
    page: Page,
    tabs: Tabs,
    notes: Vec<NoteRow>,
    /// Where the look ended although the log goes on.
    looked_to: Option<Moment>,
    pager: Pager,
    kinds: [(&'static str, String); 8],
    actors: [(&'static str, Key); 4],
    kind: String,
    actor_kind: String,
    text: String,
    object_id: String,
    filtered: bool,
}

struct NoteRow {
    at: Moment,
    actor: String,
    actor_kind: String,
    address: String,
    action: String,
    sentence: String,
    /// The page of the thing, where there is one.
    href: Option<String>,
}

impl NoteRow {
    fn new(note: &Note, now: Timestamp) -> NoteRow {
        let section = match note.object_kind.as_str() {
            "source" => Some("sources"),
            "destination" => Some("destinations"),
            "connection" => Some("connections"),
            "delivery" => Some("deliveries"),
            "replay" => Some("replays"),
            _ => None,
        };
        let is_there = !note.action.ends_with(".deleted");
        NoteRow {
            at: Moment::new(note.at, now),
            actor: match note.actor.kind {
                ActorKind::Person | ActorKind::Token => note.actor.name.clone(),
                ActorKind::CommandLine => t!("settings-command-line"),
                ActorKind::Nobody => t!("settings-nobody"),
            },
            actor_kind: match note.actor.kind {
                ActorKind::Person => t!("settings-by-person"),
                ActorKind::Token => t!("settings-token"),
                ActorKind::CommandLine => t!("settings-by-server"),
                ActorKind::Nobody => t!("settings-by-nobody"),
            },
            address: note.actor.address.clone().unwrap_or_default(),
            action: note.action.clone(),
            sentence: retold(&note.sentence),
            href: section
                .filter(|_| is_there)
                .map(|section| format!("/{section}/{}", note.object_id)),
        }
    }
}

/// What was typed, word by word: a sentence is shown in the reader's language, with names that are in none.
fn words(search: &str) -> Vec<Word> {
    let words = search.split_whitespace().take(WORDS_LIMIT);
    words
        .map(|word| Word {
            text: word.to_string(),
            sentences: sentences_with(word),
        })
        .collect()
}

pub async fn index(
    request: HttpRequest,
    bridge: web::Data<Bridge>,
) -> Result<HttpResponse, PageError> {
    let user = signed_in(&request)?;
    let now = bridge.clock.now();
    let text = |name: &str| query_text(&request, name);
    let (kind, actor_kind, search, object_id) =
        (text("kind"), text("actor"), text("text"), text("object"));
    let filter = AuditFilter {
        object_kind: filled(&kind),
        object_id: filled(&object_id),
        actor_kind: ActorKind::from_word(&actor_kind),
        words: words(&search),
        page: Window {
            before: text("before").parse().ok(),
            after: text("after").parse().ok(),
            limit: PER_PAGE,
        },
        ..AuditFilter::default()
    };
    let found = bridge.store.audit_log(filter).await?;
    render(&AuditPage {
        page: Page::new(&request, &user, "/settings", t!("settings-audit")),
        tabs: Tabs::new(user.role, "/settings/audit"),
        pager: Pager::of(&request, &found, |note| note.id),
        looked_to: found
            .looked_to
            .and_then(|id| Moment::of_ms(id.unix_ms(), now)),
        notes: found
            .rows
            .iter()
            .map(|note| NoteRow::new(note, now))
            .collect(),
        kinds: OBJECT_KINDS.map(|kind| (kind, retold(kind))),
        actors: ACTORS,
        filtered: [&kind, &actor_kind, &search, &object_id]
            .iter()
            .any(|text| !text.is_empty()),
        kind,
        actor_kind,
        text: search,
        object_id,
    })
}
