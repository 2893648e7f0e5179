//! Whether the worker's loops run, for whoever asks if the bridge is ready.
//!
//! Told by `worker`, asked by `web`. It decides nothing and stops nothing.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The loops, counted.
#[derive(Debug, Default)]
pub struct Loops {
    begun: AtomicBool,
    paused: AtomicUsize,
}

impl Loops {
    /// All of them run from now on.
    pub fn begin(&self) {
        self.begun.store(true, Ordering::SeqCst);
    }

    /// Nothing new is begun from now on.
    pub fn end(&self) {
        self.begun.store(false, Ordering::SeqCst);
    }

    /// One of them was cut off.
    pub fn pause(&self) {
        self.paused.fetch_add(1, Ordering::SeqCst);
    }

    /// It runs again.
    pub fn go_on(&self) {
        self.paused.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether every one of them runs.
    pub fn all_run(&self) -> bool {
        self.begun.load(Ordering::SeqCst) && self.paused.load(Ordering::SeqCst) == 0
    }
}
