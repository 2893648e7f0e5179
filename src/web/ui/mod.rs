//! The pages: server-rendered, one file per resource, plain forms that work without scripts.
//!
//! The shape never varies: take who it is and the form that `admission` checked, save through the same functions as the API, redirect; on a problem the same page
//! comes again with what was typed and what to mend.

pub mod assets;
pub mod connection_form;
pub mod connections;
pub mod deliveries;
pub mod destinations;
pub mod events;
pub mod form;
pub mod overview;
pub mod page;
pub mod session;
pub mod settings;
pub mod sources;
pub mod tree;
