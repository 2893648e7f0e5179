//! Named points between two steps at which a test lets the process die, to prove that what was promised holds all the same.
//!
//! `tests/it/failpoints.rs` names a point in `BLUEBRIDGE_FAILPOINT`; the points stand between the steps of `store` and `flow`, one line each.
//! Only debug builds have them: a release build contains nothing of this, so the variable does nothing there.

/// Lets the process die here when `BLUEBRIDGE_FAILPOINT` says so: `name=3` aborts when the point is reached for the third time,
/// `name=panic` panics once when it is reached for the first time. What is `showing` is in the panic's words as its `Debug`, as a careless
/// `unwrap` would have it; none of it may be a secret.
macro_rules! failpoint {
    ($name:literal, showing $($shown:expr),+) => {
        #[cfg(debug_assertions)]
        $crate::failpoint::reach($name, &[$(&$shown),+]);
    };
    ($name:literal) => {
        #[cfg(debug_assertions)]
        $crate::failpoint::reach($name, &[]);
    };
}

/// What is to happen, and where.
#[cfg(debug_assertions)]
struct Armed {
    name: String,
    /// Panic instead of aborting.
    panics: bool,
    passes_left: std::sync::atomic::AtomicU32,
}

#[cfg(debug_assertions)]
impl Armed {
    fn from_environment() -> Option<Armed> {
        let setting = std::env::var("BLUEBRIDGE_FAILPOINT").ok()?;
        let (name, action) = setting.split_once('=')?;
        Some(Armed {
            name: name.to_string(),
            panics: action == "panic",
            passes_left: action.parse().unwrap_or(1).into(),
        })
    }
}

/// Called by the macro alone.
#[cfg(debug_assertions)]
pub fn reach(name: &str, shown: &[&dyn std::fmt::Debug]) {
    use std::sync::LazyLock;
    use std::sync::atomic::Ordering;
    static ARMED: LazyLock<Option<Armed>> = LazyLock::new(Armed::from_environment);
    let Some(armed) = ARMED.as_ref().filter(|armed| armed.name == name) else {
        return;
    };
    let left = armed
        .passes_left
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(1)
        });
    if left == Ok(1) {
        if armed.panics {
            panic!("failpoint {name}: {shown:?}");
        }
        eprintln!("failpoint {name}: aborting");
        std::process::abort();
    }
}
