//! How one attempt ended, in people's words, and what that means for the delivery.
//!
//! `outbound` makes an [`Outcome`] from what happened on the wire; `delivery` turns its [`Verdict`] into the next state;
//! the log shows its sentence and its advice. It does not know the network: every case is a plain value.

use serde::{Deserialize, Serialize};

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// The destination answered with this HTTP status, or a mail server with this SMTP status.
    Answered {
        status: u16,
        /// It asked to be left in peace for a while, in a header.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        asks_to_wait: bool,
    },
    /// It answered this status, after which its settings let no other attempt follow.
    RefusedForGood { status: u16 },
    /// It answered 2xx, but not what its success rule asks for.
    NotAccepted { status: u16, reason: String },
    /// The mail server refused a step, with this SMTP status: 4.. for now, 5.. for good.
    MailRefused { status: u16, step: MailStep },
    /// The mail server had the whole mail and did not say whether it took it: not in time, or for this reason.
    MailUnanswered {
        after_ms: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The access token that the request needs was not given.
    NoAccessToken { reason: String },
    /// The guard refused the address or the scheme.
    RefusedAddress { reason: String },
    /// The name did not resolve.
    DnsFailed { reason: String },
    /// No connection could be made.
    CouldNotConnect { reason: String },
    /// The certificate or the handshake failed.
    TlsFailed { reason: String },
    /// The total deadline passed before an answer began. Once its status is read, that counts, whatever becomes of its body.
    TimedOut { after_ms: u64 },
    /// The connection broke before an answer began.
    ConnectionBroke { reason: String },
    /// The answer's headers, or a mail server's answers, were larger than we read.
    ResponseTooLarge { reason: String },
    /// The request could not be built from the destination's settings.
    InvalidRequest { reason: String },
    /// The mapping made what is no mail.
    InvalidMail { reason: String },
}

/// What a mail server was told when it refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailStep {
    Greeting,
    Login,
    Sender,
    Recipient,
    Content,
}

/// The advice on what waiting mends.
const PASSES: &str = "Usually passes by itself; the schedule tries again.";

/// The same of a destination that said when to come back.
const WAITS: &str =
    "The destination asked for a pause (Retry-After), and the schedule keeps to it.";

/// What keeps too many requests from coming again.
const PACE: &str = "Set a limit of requests per second for this destination if this recurs.";

/// What a person can do once the attempts are used up.
const OVER: &str = "It is not tried again. Once the cause is mended, resend it.";

/// Where a person mends what an attempt failed of, when its advice names the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MendedIn {
    Mapping,
    Destination,
}

/// What an outcome means for the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Arrived.
    Delivered,
    /// Worth another attempt by the schedule.
    Retry,
    /// Another attempt cannot help.
    Final,
    /// The destination says that it is gone: stop, and pause it.
    Gone,
}

impl Outcome {
    /// An answer of this status, in which nothing more was said.
    pub const fn answered(status: u16) -> Outcome {
        Outcome::Answered {
            status,
            asks_to_wait: false,
        }
    }

    /// What it means, by DESIGN's failure words: 2xx arrived, 410 stops, everything else is tried again, but for a request that cannot be built and
    /// a status that the destination's settings call final.
    /// A refused address is tried again too: the name may lead elsewhere by then, or the guard may. So is what a mail server refuses for now, or for what
    /// stands in the destination's settings; a recipient or a mail that it refuses for good is not pressed on it again.
    pub fn verdict(&self) -> Verdict {
        match self {
            Outcome::Answered {
                status: 200..=299, ..
            } => Verdict::Delivered,
            Outcome::Answered { status: 410, .. } => Verdict::Gone,
            Outcome::InvalidRequest { .. } => Verdict::Final,
            _ if self.is_of_the_body_alone() => Verdict::Final,
            _ => Verdict::Retry,
        }
    }

    /// Whether what was sent is at fault and the next may well arrive, so that it tells nothing of its destination.
    pub fn is_of_the_body_alone(&self) -> bool {
        matches!(
            self,
            Outcome::RefusedForGood { .. }
                | Outcome::InvalidMail { .. }
                | Outcome::MailRefused {
                    status: 500..,
                    step: MailStep::Recipient | MailStep::Content,
                }
        )
    }

    /// Stable code, for programs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Outcome::Answered {
                status: 200..=299, ..
            } => "delivered",
            Outcome::Answered {
                status: 300..=399, ..
            } => "redirected",
            Outcome::Answered { .. } => "status",
            Outcome::RefusedForGood { .. } => "refused_for_good",
            Outcome::NotAccepted { .. } => "not_accepted",
            Outcome::MailRefused { .. } => "mail_refused",
            Outcome::MailUnanswered { .. } => "mail_unanswered",
            Outcome::NoAccessToken { .. } => "no_access_token",
            Outcome::RefusedAddress { .. } => "refused_address",
            Outcome::DnsFailed { .. } => "dns_failed",
            Outcome::CouldNotConnect { .. } => "could_not_connect",
            Outcome::TlsFailed { .. } => "tls_failed",
            Outcome::TimedOut { .. } => "timed_out",
            Outcome::ConnectionBroke { .. } => "connection_broke",
            Outcome::ResponseTooLarge { .. } => "response_too_large",
            Outcome::InvalidRequest { .. } => "invalid_request",
            Outcome::InvalidMail { .. } => "invalid_mail",
        }
    }

    /// The HTTP or SMTP status, when there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Outcome::Answered { status, .. }
            | Outcome::RefusedForGood { status }
            | Outcome::NotAccepted { status, .. }
            | Outcome::MailRefused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// What happened, in one sentence.
    pub fn sentence(&self) -> String {
        match self {
            Outcome::Answered {
                status: status @ 200..=299,
                ..
            } => format!("Delivered: the destination answered {status}."),
            Outcome::Answered {
                status: status @ 300..=399,
                ..
            } => {
                format!(
                    "Redirected: the destination answered {status}; redirects are not followed."
                )
            }
            Outcome::Answered { status: 410, .. } => {
                "Gone: the destination answered 410, so it was paused.".into()
            }
            Outcome::Answered { status, .. } => {
                format!("Refused: the destination answered {status}.")
            }
            Outcome::RefusedForGood { status } => {
                format!(
                    "Refused for good: the destination answered {status}, after which its settings let no other attempt follow."
                )
            }
            Outcome::NotAccepted { status, reason } => {
                format!("Not accepted: the destination answered {status}, but {reason}")
            }
            Outcome::MailRefused { status, step } => match step {
                MailStep::Greeting => {
                    format!("Refused: the mail server answered {status} to the greeting.")
                }
                MailStep::Login => {
                    format!("Refused: the mail server answered {status} to the login.")
                }
                MailStep::Sender => {
                    format!("Refused: the mail server answered {status} to the sender's address.")
                }
                MailStep::Recipient => {
                    format!("Refused: the mail server answered {status} to a recipient's address.")
                }
                MailStep::Content => {
                    format!("Refused: the mail server answered {status} to the mail itself.")
                }
            },
            Outcome::MailUnanswered {
                reason: Some(reason),
                ..
            } => {
                format!(
                    "Perhaps delivered: the mail server had the whole mail and did not say that it took it: {reason}"
                )
            }
            Outcome::MailUnanswered { after_ms, .. } => {
                format!(
                    "Perhaps delivered: the mail server had the whole mail and did not answer within {after_ms} ms."
                )
            }
            Outcome::NoAccessToken { reason } => format!("No access token: {reason}"),
            Outcome::RefusedAddress { reason } => format!("Address refused: {reason}"),
            Outcome::DnsFailed { reason } => format!("DNS failed: {reason}"),
            Outcome::CouldNotConnect { reason } => format!("Could not connect: {reason}"),
            Outcome::TlsFailed { reason } => format!("TLS failed: {reason}"),
            Outcome::TimedOut { after_ms } => {
                format!("Timed out: no complete answer within {after_ms} ms.")
            }
            Outcome::ConnectionBroke { reason } => format!("The connection broke: {reason}"),
            Outcome::ResponseTooLarge { reason } => format!("Response too large: {reason}"),
            Outcome::InvalidRequest { reason } => {
                format!("The request could not be built: {reason}")
            }
            Outcome::InvalidMail { reason } => format!("This is no mail: {reason}"),
        }
    }

    /// Whether waiting usually mends it: the advice is then about the schedule alone.
    pub fn passes_by_itself(&self) -> bool {
        self.advice() == PASSES
    }

    /// What a person can do about an attempt, sentence by sentence; `is_over` when none follows although it failed.
    pub fn advice_on(&self, is_over: bool) -> Vec<&'static str> {
        match self {
            Outcome::Answered { status: 429, .. } if is_over => vec![PACE, OVER],
            Outcome::Answered {
                status: 429,
                asks_to_wait,
            } => vec![if *asks_to_wait { WAITS } else { PASSES }, PACE],
            _ if !is_over => vec![self.advice()],
            Outcome::Answered {
                status: 200..=299, ..
            } => Vec::new(),
            _ if self.verdict() == Verdict::Final => vec![self.advice()],
            _ if self.passes_by_itself() => vec![OVER],
            _ => vec![self.advice(), OVER],
        }
    }

    /// Where the advice leads; nothing where waiting mends it, or where the answer must be read first.
    pub fn mended_in(&self) -> Option<MendedIn> {
        match self {
            Outcome::Answered {
                status: 400 | 422, ..
            }
            | Outcome::RefusedForGood { .. }
            | Outcome::InvalidMail { .. } => Some(MendedIn::Mapping),
            Outcome::Answered {
                status: 300..=399 | 401 | 403 | 404 | 410,
                ..
            }
            | Outcome::MailRefused {
                status: 500..,
                step: MailStep::Login | MailStep::Sender,
            }
            | Outcome::NoAccessToken { .. }
            | Outcome::RefusedAddress { .. }
            | Outcome::DnsFailed { .. }
            | Outcome::MailUnanswered { reason: None, .. }
            | Outcome::InvalidRequest { .. } => Some(MendedIn::Destination),
            _ => None,
        }
    }

    /// What a person can do about it; empty when there is nothing to do.
    pub fn advice(&self) -> &'static str {
        match self {
            Outcome::Answered {
                status: 200..=299, ..
            } => "",
            Outcome::Answered {
                status: 300..=399, ..
            } => {
                "Put the address that the destination redirects to into the destination's settings."
            }
            // As GitHub says it of too many requests.
            Outcome::Answered {
                status: 403,
                asks_to_wait: true,
            } => {
                "The destination asks for fewer requests: lower the requests per second in its settings."
            }
            Outcome::Answered {
                status: 401 | 403, ..
            } => {
                "Check the credentials in the destination's settings, and that they may write there."
            }
            Outcome::Answered { status: 404, .. } => "Check the URL in the destination's settings.",
            Outcome::Answered { status: 410, .. } => {
                "Correct the URL in the destination's settings, then resume the destination."
            }
            Outcome::Answered {
                status: 400 | 422, ..
            } => {
                "The destination did not like the body: compare it with what the destination documents, and change the mapping."
            }
            Outcome::Answered {
                status: 408 | 425 | 429 | 500..=599,
                ..
            }
            | Outcome::ConnectionBroke { .. } => PASSES,
            Outcome::Answered { .. } => "See the answer's body for the reason.",
            Outcome::RefusedForGood { .. } => {
                "See the answer for the reason, correct the record or the mapping, then resend it."
            }
            Outcome::NotAccepted { .. } => {
                "See the answer's body for the reason; what counts as delivered stands in the destination's settings."
            }
            Outcome::MailRefused { status: ..=499, .. } => PASSES,
            Outcome::MailRefused { step, .. } => match step {
                MailStep::Greeting => {
                    "See the answer for the reason; the mail server may not take mails from this machine."
                }
                MailStep::Login => "Check user name and password in the destination's settings.",
                MailStep::Sender => {
                    "Check the sender's address in the destination's settings: many servers take only that of the login."
                }
                MailStep::Recipient => {
                    "Check the address in the destination's settings or in the mapping, then resend it."
                }
                MailStep::Content => {
                    "See the answer for the reason: mostly the mail is too large or looks like spam. Then resend it."
                }
            },
            Outcome::MailUnanswered {
                reason: Some(_), ..
            } => "See the mail server's log for the reason: what is sent again may arrive twice.",
            Outcome::MailUnanswered { .. } => {
                "Raise the time limit in the destination's settings: what is sent again may arrive twice."
            }
            Outcome::NoAccessToken { .. } => {
                "Check the credentials in the destination's settings, and that the address that gives the tokens can be reached."
            }
            Outcome::RefusedAddress { .. } => {
                "Use a public https address, or list the network in BLUEBRIDGE_ALLOW_NETWORKS."
            }
            Outcome::DnsFailed { .. } => "Check the host name in the destination's settings.",
            Outcome::CouldNotConnect { .. } => {
                "Check that the destination is running and that a firewall lets this machine reach it."
            }
            Outcome::TlsFailed { .. } => {
                "Check the destination's certificate: its name, its issuer and its date."
            }
            Outcome::TimedOut { .. } => {
                "Make the destination answer first and work afterwards, or raise the time limit in its settings."
            }
            Outcome::ResponseTooLarge { .. } => {
                "Make the destination answer with fewer or shorter headers."
            }
            Outcome::InvalidRequest { .. } => "Correct the destination's settings, then resend.",
            Outcome::InvalidMail { .. } => {
                "Change the mapping, or name recipients in the destination's settings; then resend."
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[test]
    fn every_status_has_the_documented_verdict() {
        for status in 100..=599_u16 {
            let expected = match status {
                200..=299 => Verdict::Delivered,
                410 => Verdict::Gone,
                _ => Verdict::Retry,
            };
            assert_eq!(Outcome::answered(status).verdict(), expected, "{status}");
        }
    }

    pub(crate) fn failures() -> [Outcome; 22] {
        let mail_refused = |status, step| Outcome::MailRefused { status, step };
        let reason = || "because: of it".to_string();
        [
            Outcome::answered(302),
            Outcome::answered(410),
            Outcome::answered(404),
            Outcome::answered(418),
            Outcome::answered(500),
            Outcome::RefusedForGood { status: 422 },
            Outcome::NotAccepted {
                status: 200,
                reason: reason(),
            },
            mail_refused(451, MailStep::Recipient),
            mail_refused(535, MailStep::Login),
            mail_refused(550, MailStep::Recipient),
            Outcome::MailUnanswered {
                after_ms: 10,
                reason: None,
            },
            Outcome::MailUnanswered {
                after_ms: 10,
                reason: Some(reason()),
            },
            Outcome::NoAccessToken { reason: reason() },
            Outcome::RefusedAddress { reason: reason() },
            Outcome::DnsFailed { reason: reason() },
            Outcome::CouldNotConnect { reason: reason() },
            Outcome::TlsFailed { reason: reason() },
            Outcome::TimedOut { after_ms: 10 },
            Outcome::ConnectionBroke { reason: reason() },
            Outcome::ResponseTooLarge { reason: reason() },
            Outcome::InvalidRequest { reason: reason() },
            Outcome::InvalidMail { reason: reason() },
        ]
    }

    #[test]
    fn the_place_where_it_is_mended_is_the_one_that_the_advice_names() {
        let mail = |status, step| Outcome::MailRefused { status, step };
        let more = [
            Outcome::answered(200),
            Outcome::answered(400),
            Outcome::answered(401),
            Outcome::answered(403),
            Outcome::answered(408),
            Outcome::answered(422),
            Outcome::answered(429),
            mail(451, MailStep::Login),
            mail(550, MailStep::Sender),
        ];
        for outcome in failures().into_iter().chain(more) {
            let advice = outcome.advice();
            let names = |place: &str| advice.contains(place);
            let said = format!("{outcome:?}: {advice}");
            match outcome.mended_in() {
                Some(MendedIn::Mapping) => assert!(names("mapping"), "{said}"),
                Some(MendedIn::Destination) => {
                    assert!(names("settings") || names("address"), "{said}");
                }
                // Waiting mends it, or the answer is to be read first, or it may be either place.
                None => {
                    let unclear = [
                        "delivered",
                        "status",
                        "not_accepted",
                        "mail_refused",
                        "mail_unanswered",
                        "could_not_connect",
                        "tls_failed",
                        "timed_out",
                        "connection_broke",
                        "response_too_large",
                    ];
                    assert!(unclear.contains(&outcome.code()), "{said}");
                }
            }
        }
        let places = [400, 422, 302, 401, 404, 410, 418, 429, 500].map(|status| {
            let place = Outcome::answered(status).mended_in();
            place.map(|place| place == MendedIn::Mapping)
        });
        let (mapping, destination) = (Some(true), Some(false));
        let (by_the_body, by_the_settings) = ([mapping; 2], [destination; 4]);
        assert_eq!(places[..2], by_the_body);
        assert_eq!(places[2..6], by_the_settings);
        assert_eq!(places[6..], [None; 3]);
    }

    #[test]
    fn a_mail_is_pressed_again_only_on_a_server_that_may_take_it() {
        let verdict = |status, step| Outcome::MailRefused { status, step }.verdict();
        for step in [MailStep::Greeting, MailStep::Login, MailStep::Sender] {
            assert_eq!(verdict(550, step), Verdict::Retry, "{step:?}");
        }
        for step in [MailStep::Recipient, MailStep::Content] {
            assert_eq!(verdict(451, step), Verdict::Retry, "{step:?}");
            assert_eq!(verdict(550, step), Verdict::Final, "{step:?}");
        }
        let stored = serde_json::json!({"kind": "mail_refused", "status": 535, "step": "login"});
        let refused: Outcome = serde_json::from_value(stored).unwrap();
        assert_eq!(refused.verdict(), Verdict::Retry);
    }

    #[test]
    fn a_403_that_asks_to_wait_is_no_matter_of_credentials() {
        let answered = |asks_to_wait| Outcome::Answered {
            status: 403,
            asks_to_wait,
        };
        assert!(answered(true).advice().contains("requests per second"));
        assert!(answered(false).advice().contains("credentials"));
        assert!(!answered(true).advice_on(true).concat().contains("schedule"));
        // As it was stored before.
        let stored = serde_json::json!({"kind": "answered", "status": 403});
        assert_eq!(serde_json::to_value(answered(false)).unwrap(), stored);
        let read: Outcome = serde_json::from_value(stored).unwrap();
        assert_eq!(read, answered(false));
    }

    #[test]
    fn too_many_requests_have_a_limit_as_advice() {
        let answered = |asks_to_wait| Outcome::Answered {
            status: 429,
            asks_to_wait,
        };
        for asks_to_wait in [true, false] {
            let told = answered(asks_to_wait).advice_on(false).join(" ");
            assert_eq!(told.contains("Retry-After"), asks_to_wait, "{told}");
            assert!(told.contains("limit of requests per second"), "{told}");
            let last = answered(asks_to_wait).advice_on(true).join(" ");
            assert!(last.contains("limit of requests per second") && !last.contains("schedule"));
            assert!(answered(asks_to_wait).passes_by_itself());
        }
    }

    #[test]
    fn every_failure_says_what_to_do() {
        for failure in failures() {
            assert!(!failure.advice().is_empty(), "{failure:?}");
            assert_ne!(failure.code(), "delivered");
            let last = failure.advice_on(true).join(" ");
            assert!(!last.contains("schedule"), "{failure:?}: {last}");
            assert!(last.contains("resend"), "{failure:?}: {last}");
        }
    }
}
