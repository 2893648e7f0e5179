//! One line of the route table: method, path, who may ask, and what answers.
//!
//! A route cannot be written without naming its [`Access`], and it is registered only together with the check of it: nothing is let in
//! because somebody forgot. `routes` holds the table; a test walks it.

use actix_web::dev::Handler;
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Responder, Route, guard};

use crate::web::admission::{Access, admit_page, admit_program};
use crate::web::unbroken::unbroken;

/// A route for a method. What may be read may be asked for its head alone.
pub fn of_method(method: Method) -> Route {
    match method {
        Method::GET => web::route().guard(guard::Any(guard::Get()).or(guard::Head())),
        method => web::method(method),
    }
}

/// A route with its name and the role it needs.
pub struct Entry {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    /// It may change something, so it is carried through.
    changes: bool,
    route: Route,
}

impl Entry {
    fn new<F, Args>(
        method: Method,
        path: &'static str,
        access: impl Into<Access>,
        handler: F,
    ) -> Entry
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Entry {
            route: of_method(method.clone()).to(handler),
            changes: !method.is_safe(),
            method,
            path,
            access: access.into(),
        }
    }

    /// Registers a page or a form.
    pub fn page(self, config: &mut ServiceConfig) {
        let access = self.access;
        let admit = from_fn(move |request, next| admit_page(access, request, next));
        config.route(
            self.path,
            carried_through(self.route.wrap(admit), self.changes),
        );
    }

    /// Registers a part of the API.
    pub fn api(self, config: &mut ServiceConfig) {
        let access = self.access;
        let admit = from_fn(move |request, next| admit_program(access, request, next));
        config.route(
            self.path,
            carried_through(self.route.wrap(admit), self.changes),
        );
    }
}

fn carried_through(route: Route, changes: bool) -> Route {
    if changes {
        route.wrap(from_fn(unbroken))
    } else {
        route
    }
}

macro_rules! methods {
    ($($name:ident $method:ident)+) => {$(
        /// A route of this method.
        pub fn $name<F, Args>(path: &'static str, access: impl Into<Access>, handler: F) -> Entry
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            Entry::new(Method::$method, path, access, handler)
        }
    )+};
}

/// A POST that only asks: with a client that resets its connection the work ends too, rather than being done for nobody.
pub fn ask<F, Args>(path: &'static str, access: impl Into<Access>, handler: F) -> Entry
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Entry {
        changes: false,
        ..post(path, access, handler)
    }
}

methods! { get GET post POST put PUT delete DELETE }
