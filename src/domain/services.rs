//! Services that are reached with a token rather than by a secret address alone: what a destination of each needs.
//!
//! The form of a destination is filled in with one, and starting points in `recipes` are shaped for them. Nothing is looked up: these are the services'
//! documented addresses, headers and paces, and everything stays a plain destination that a person may change.

use url::Url;

use crate::domain::destination::Kind;

/// One service.
#[derive(Debug)]
pub struct Service {
    pub id: &'static str,
    pub name: &'static str,
    pub kind: Kind,
    /// Its address, with words in capitals for what is a person's own.
    pub url: &'static str,
    pub headers: &'static [(&'static str, &'static str)],
    /// The word of the credentials, as `destination` has it.
    pub auth: &'static str,
    /// The name of the header for the token, when that is not `Authorization`.
    pub auth_header: &'static str,
    /// The usual success rule, by the word of the form.
    pub success: &'static str,
    /// The pace that it allows.
    pub per_second: Option<f64>,
    /// Where the token comes from, and what else is to be done there.
    pub hint: &'static str,
    /// The words in address and headers that stand for what is a person's own.
    pub placeholders: &'static [&'static str],
}

pub const TELEGRAM: Service = Service {
    id: "telegram",
    name: "Telegram",
    kind: Kind::Webhook,
    url: "https://api.telegram.org/botTOKEN/sendMessage",
    headers: &[],
    auth: "none",
    auth_header: "",
    success: "ok",
    per_second: Some(1.0),
    hint: "Make a bot with @BotFather, put its token in place of TOKEN, and add the bot to the chat.",
    placeholders: &["botTOKEN"],
};

pub const RESEND: Service = Service {
    id: "resend",
    name: "E-mail (Resend)",
    kind: Kind::Webhook,
    url: "https://api.resend.com/emails",
    headers: &[],
    auth: "bearer",
    auth_header: "",
    success: "any",
    per_second: Some(2.0),
    hint: "Make an API key in Resend and verify the domain that the mails are to come from.",
    placeholders: &[],
};

pub const SENDGRID: Service = Service {
    id: "sendgrid",
    name: "E-mail (SendGrid)",
    kind: Kind::Webhook,
    url: "https://api.sendgrid.com/v3/mail/send",
    headers: &[],
    auth: "bearer",
    auth_header: "",
    success: "any",
    per_second: None,
    hint: "Make an API key with the right to send mail in SendGrid and verify the sender.",
    placeholders: &[],
};

pub const NOTION: Service = Service {
    id: "notion",
    name: "Notion",
    kind: Kind::Webhook,
    url: "https://api.notion.com/v1/pages",
    headers: &[("Notion-Version", "2022-06-28")],
    auth: "bearer",
    auth_header: "",
    success: "any",
    per_second: Some(3.0),
    hint: "Make an internal integration in Notion, take its secret as the token, and share the database with it.",
    placeholders: &[],
};

pub const AIRTABLE: Service = Service {
    id: "airtable",
    name: "Airtable",
    kind: Kind::Webhook,
    url: "https://api.airtable.com/v0/BASE_ID/TABLE_NAME",
    headers: &[],
    auth: "bearer",
    auth_header: "",
    success: "any",
    per_second: Some(5.0),
    hint: "Make a personal access token in Airtable that may write records in the base, and put the base's id and the table's name into the URL.",
    placeholders: &["BASE_ID", "TABLE_NAME"],
};

pub const GOOGLE_SHEETS: Service = Service {
    id: "google_sheets",
    name: "Google Sheets",
    kind: Kind::Webhook,
    // Taken as typed: what begins with `=` must not become a formula. `A1` is of the first sheet.
    url: "https://sheets.googleapis.com/v4/spreadsheets/SPREADSHEET_ID/values/A1:append?valueInputOption=RAW&insertDataOption=INSERT_ROWS",
    headers: &[],
    auth: "google_service_account",
    auth_header: "",
    success: "any",
    per_second: Some(1.0),
    hint: "In Google Cloud, switch on the Google Sheets API, make a service account and a JSON key for it. Share the spreadsheet with the account's e-mail address as an editor, and put the spreadsheet's id, which stands in its address, into the URL.",
    placeholders: &["SPREADSHEET_ID"],
};

pub const GITHUB: Service = Service {
    id: "github",
    name: "GitHub",
    kind: Kind::Webhook,
    url: "https://api.github.com/repos/OWNER/REPOSITORY/issues",
    headers: &[
        ("Accept", "application/vnd.github+json"),
        ("X-GitHub-Api-Version", "2022-11-28"),
    ],
    auth: "bearer",
    auth_header: "",
    success: "any",
    per_second: Some(1.0),
    hint: "Make a fine-grained token in GitHub that may write issues of the repository, and put owner and repository into the URL.",
    placeholders: &["OWNER", "REPOSITORY"],
};

pub const BLUE: Service = Service {
    id: "blue",
    name: "Blue",
    kind: Kind::Webhook,
    url: "https://api.blue.app/graphql",
    headers: &[
        ("x-bloo-token-id", "TOKEN_ID"),
        ("x-bloo-company-id", "COMPANY_ID"),
        ("x-bloo-project-id", "PROJECT_ID"),
    ],
    auth: "header",
    auth_header: "x-bloo-token-secret",
    success: "no_errors",
    per_second: Some(0.3),
    hint: "Generate a token in Blue under your profile, API. Its id goes into a header, its secret is the value; put the ids of company and project into their headers.",
    placeholders: &["TOKEN_ID", "COMPANY_ID", "PROJECT_ID"],
};

pub const EMAIL: Service = Service {
    id: "email",
    name: "E-mail (SMTP)",
    kind: Kind::Email,
    url: "smtp.example.com",
    headers: &[],
    auth: "basic",
    auth_header: "",
    success: "any",
    per_second: None,
    hint: "Take the server, the user name and the password of your mail program; some providers want a password that is made for programs.",
    placeholders: &[],
};

/// Every service, in the order in which pages offer them.
pub const SERVICES: [&Service; 9] = [
    &EMAIL,
    &TELEGRAM,
    &RESEND,
    &SENDGRID,
    &GOOGLE_SHEETS,
    &NOTION,
    &AIRTABLE,
    &GITHUB,
    &BLUE,
];

/// The service of this id.
pub fn find(id: &str) -> Option<&'static Service> {
    SERVICES.into_iter().find(|service| service.id == id)
}

/// Hosts whose addresses are secrets by themselves, and what is reached there. A dot begins the end of a name.
const HOSTS: [(&str, &str); 10] = [
    ("hooks.slack.com", "Slack"),
    ("discord.com", "Discord"),
    ("discordapp.com", "Discord"),
    ("chat.googleapis.com", "Google Chat"),
    (".api.powerautomate.com", "Microsoft Teams"),
    (".webhook.office.com", "Microsoft Teams"),
    ("hooks.zapier.com", "Zapier"),
    ("connect.pabbly.com", "Pabbly"),
    (".make.com", "Make"),
    (".app.n8n.cloud", "n8n"),
];

/// What is reached at this address, when that is known.
pub fn called(url: &str) -> Option<&'static str> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    let is_meant = |known: &str| {
        if known.starts_with('.') {
            host.ends_with(known)
        } else {
            host == known
        }
    };
    let of_a_service = SERVICES.iter().find(|service| service.is_at(host));
    let of_a_host = HOSTS.iter().find(|(known, _)| is_meant(known));
    of_a_service
        .map(|service| service.name)
        .or(of_a_host.map(|(_, name)| *name))
}

/// The words that still stand in this address for what is a person's own.
pub fn left_in_url(url: &str) -> Vec<&'static str> {
    let Ok(url) = Url::parse(url) else {
        return Vec::new();
    };
    let host = url.host_str().unwrap_or_default();
    let segments: Vec<&str> = url.path_segments().into_iter().flatten().collect();
    let of_service = SERVICES.iter().filter(|service| service.is_at(host));
    of_service
        .flat_map(|service| service.placeholders)
        .copied()
        .filter(|word| segments.contains(word))
        .collect()
}

/// The word that this header still has for what is a person's own.
pub fn left_in_header(name: &str, value: &str) -> Option<&'static str> {
    let is_it = |(known, _): &&(&str, &str)| known.eq_ignore_ascii_case(name);
    let of_service = SERVICES
        .iter()
        .filter(|service| service.headers.iter().any(|header| is_it(&header)));
    let mut words = of_service.flat_map(|service| service.placeholders).copied();
    words.find(|word| *word == value.trim())
}

impl Service {
    fn is_at(&self, host: &str) -> bool {
        let own = Url::parse(self.url).ok();
        own.is_some_and(|own| own.host_str() == Some(host))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::domain::destination::grant::tests::key_file;
    use crate::domain::destination::{Settings, SettingsDocument};

    #[test]
    fn every_service_is_a_destination_once_its_token_is_entered() {
        for service in SERVICES {
            let headers = service.headers.iter();
            let headers: Map<String, Value> = headers
                .map(|(name, value)| (name.to_string(), Value::from(*value)))
                .collect();
            let auth = match service.auth {
                "header" => json!({"type": "header", "name": service.auth_header, "value": "t"}),
                "bearer" => json!({"type": "bearer", "token": "t"}),
                "basic" => json!({"type": "basic", "username": "u", "password": "p"}),
                "google_service_account" => json!({"type": service.auth, "key": key_file()}),
                other => json!({"type": other}),
            };
            let config = match service.kind {
                Kind::Webhook => json!({"url": service.url, "headers": headers, "auth": auth}),
                Kind::Email => json!({"server": service.url, "auth": auth, "from": "a@b.example"}),
            };
            let limits = json!({"per_second": service.per_second});
            let document = SettingsDocument {
                kind: service.kind,
                config: Some(&config),
                signing: Some(&json!({"scheme": "none"})),
                limits: Some(&limits),
                ..SettingsDocument::default()
            };
            let settings = Settings::parse(&document, None);
            let settings = settings.unwrap_or_else(|found| panic!("{}: {found:?}", service.id));
            assert_eq!(settings.unfit(), [], "{}", service.id);
            assert!(find(service.id).is_some_and(|found| found.name == service.name));
        }
    }
    #[test]
    fn what_still_stands_for_a_persons_own_is_found() {
        for service in SERVICES {
            let of_headers = service.headers.iter();
            let of_headers =
                of_headers.filter_map(|(name, value)| left_in_header(&name.to_uppercase(), value));
            let found: Vec<&str> = left_in_url(service.url)
                .into_iter()
                .chain(of_headers)
                .collect();
            assert_eq!(found, service.placeholders, "{}", service.id);
        }
        let left = left_in_url("https://api.github.com/repos/ada/REPOSITORY/issues");
        assert_eq!(left, ["REPOSITORY"]);
        assert!(left_in_url("https://api.github.com/repos/ada/notes/issues").is_empty());
        assert!(left_in_url("https://hooks.example.com/OWNER/TOKEN_ID").is_empty());
        assert_eq!(left_in_header("x-own", "TOKEN_ID"), None);
    }

    #[test]
    fn a_known_address_is_called_by_what_is_reached_there() {
        for (url, name) in [
            ("https://hooks.slack.com/services/T/B/x", Some("Slack")),
            ("https://discord.com/api/webhooks/1/x", Some("Discord")),
            ("https://hook.eu1.make.com/x", Some("Make")),
            ("https://api.notion.com/v1/pages", Some("Notion")),
            ("https://notslack.com/", None),
            ("not an address", None),
        ] {
            assert_eq!(called(url), name, "{url}");
        }
    }
}
