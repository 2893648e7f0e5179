//! Where the document says something else of what is here than it is. What is here stays, so a person must be told.

use serde_json::Value;
use url::Url;

use crate::domain::concealed::conceal;
use crate::domain::destination::{Destination, Kind, Settings, SettingsDocument};
use crate::domain::source::Source;
use crate::flow::transfer::{DestinationEntry, SourceEntry};

/// The places at which the entry differs from the source.
pub(super) fn source_differs(entry: &SourceEntry, name: &str, here: &Source) -> Vec<String> {
    let mut places = Vec::new();
    if name != here.name {
        places.push("/name".to_string());
    }
    if entry.require_signature != here.require_signature {
        places.push("/require_signature".into());
    }
    places
}

/// The places at which the entry differs from the destination; secrets, which it has not, are not compared.
pub(super) fn destination_differs(
    entry: &DestinationEntry,
    name: &str,
    here: &Destination,
) -> Vec<String> {
    let mut places = Vec::new();
    if name != here.name {
        places.push("/name".to_string());
    }
    if entry.kind != here.settings.kind().as_str() {
        places.push("/kind".into());
    }
    let (theirs, ours) = (shown(entry), here.settings.export_view());
    for (part, said) in [("config", &entry.config), ("limits", &entry.limits)] {
        let members = said.as_object().into_iter().flatten();
        let differing = members.filter(|(key, _)| match key.as_str() {
            "url" => address(&theirs, entry) != address(&ours, entry),
            key => theirs[part].get(key) != ours[part].get(key),
        });
        places.extend(differing.map(|(key, _)| format!("/{part}/{key}")));
    }
    for part in ["signing", "success", "notices"] {
        if theirs[part] != ours[part] {
            places.push(format!("/{part}"));
        }
    }
    places
}

/// The entry as an export of it would be, with the same masks and defaults; as it stands when it cannot be read.
fn shown(entry: &DestinationEntry) -> Value {
    let document = SettingsDocument {
        kind: Kind::from_word(&entry.kind).unwrap_or_default(),
        config: Some(&entry.config),
        signing: Some(&entry.signing),
        limits: Some(&entry.limits),
        success: Some(&entry.success),
        notices: Some(&entry.notices),
    };
    match Settings::parse(&document, None) {
        Ok(settings) => settings.export_view(),
        Err(_) => serde_json::json!({
            "config": entry.config, "signing": entry.signing, "limits": entry.limits,
            "success": entry.success, "notices": entry.notices,
        }),
    }
}

/// The address of a view, as far as the entry can have it: documents of the first version have neither authentication nor queries.
fn address(view: &Value, entry: &DestinationEntry) -> String {
    let text = view["config"]["url"].as_str().unwrap_or_default();
    let Ok(mut url) = Url::parse(text) else {
        return text.into();
    };
    if entry.config.get("auth").is_none() {
        url.set_query(None);
    }
    conceal(&url)
}
