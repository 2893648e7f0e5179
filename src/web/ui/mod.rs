//! The pages: server-rendered, one file per resource, plain forms that work without scripts.
//!
//! The shape never varies: take who it is and the form that `admission` checked, save through the same functions as the API, redirect; on a problem the same page
//! comes again with what was typed and what to mend.

pub mod account;
pub mod asking;
pub mod assets;
pub mod audit;
pub mod chart;
pub mod choices;
pub mod connection_builder;
pub mod connection_fields;
pub mod connection_filter;
pub mod connection_form;
pub mod connection_live;
pub mod connection_sample;
pub mod connection_transfer;
pub mod connection_versions;
pub mod connection_words;
pub mod connections;
pub mod curl;
pub mod deliveries;
pub mod destination_list;
pub mod destinations;
pub mod error;
pub mod events;
pub mod export;
pub mod fields;
pub mod form;
pub mod form_problem;
pub mod gallery;
pub mod labels;
pub mod language;
pub mod listing;
pub mod log;
pub mod mail_fields;
pub mod next;
pub mod nodes;
pub mod note;
pub mod once;
pub mod overview;
pub mod page;
pub mod pager;
pub mod people;
pub mod replays;
pub mod row;
pub mod rule_places;
pub mod rule_words;
pub mod sample_tree;
pub mod session;
pub mod sources;
pub mod success_field;
pub mod tail;
pub mod tokens;
pub mod tree;
pub mod why_not;
