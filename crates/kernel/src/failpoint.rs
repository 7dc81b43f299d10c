//! Named points where a test lets the process die or wait, to prove that nothing is lost there.
//!
//! Only builds with debug assertions contain them; in a release build [`hit`] is nothing and [`arm`] refuses.

use std::time::Duration;

/// Every point, in the order an event passes them. A test drives each.
pub const POINTS: [&str; 6] = [
    "before_commit",
    "after_commit",
    "after_numbering",
    "after_publish",
    "inbox_before_commit",
    "job_before_done",
];

/// What happens at an armed point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The process dies at once at the nth hit (1 = the first), as by `kill -9`: nothing is flushed, closed or dropped.
    Exit(u32),
    /// Each hit blocks its thread this long: for windows that are otherwise too short to aim at.
    Delay(Duration),
}

/// Why a point could not be armed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ArmError {
    /// No such point.
    #[error("there is no failpoint {0}: use one of {points}", points = POINTS.join(", "))]
    Unknown(String),
    /// Release builds have none.
    #[error("this build has no failpoints: use one with debug assertions")]
    NotBuilt,
}

/// Arms the point `name`; arming it again replaces the action.
pub fn arm(name: &str, action: Action) -> Result<(), ArmError> {
    let point = POINTS
        .iter()
        .find(|point| **point == name)
        .ok_or_else(|| ArmError::Unknown(name.to_owned()))?;
    if cfg!(debug_assertions) {
        armed::arm(point, action);
        Ok(())
    } else {
        Err(ArmError::NotBuilt)
    }
}

/// Passes the point `name`: nothing happens unless it was armed.
#[inline]
pub fn hit(name: &'static str) {
    if cfg!(debug_assertions) {
        debug_assert!(POINTS.contains(&name), "{name} is not in failpoint::POINTS");
        armed::hit(name);
    }
}

/// The state of a debug build: which points are armed.
mod armed {
    use std::{
        collections::HashMap,
        sync::{Mutex, PoisonError},
    };

    use super::Action;

    static ARMED: Mutex<Option<HashMap<&'static str, Action>>> = Mutex::new(None);

    pub(super) fn arm(point: &'static str, action: Action) {
        let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
        armed.get_or_insert_default().insert(point, action);
    }

    pub(super) fn hit(point: &'static str) {
        match next(point) {
            // Not `exit`, which runs destructors of the C library: a crash runs nothing.
            Some(Action::Exit(_)) => std::process::abort(),
            Some(Action::Delay(time)) => std::thread::sleep(time),
            None => {}
        }
    }

    /// What to do at this hit; counts an exit down.
    fn next(point: &'static str) -> Option<Action> {
        let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
        match armed.as_mut()?.get_mut(point)? {
            Action::Exit(left) if *left > 1 => {
                *left -= 1;
                None
            }
            action @ (Action::Exit(_) | Action::Delay(_)) => Some(*action),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_is_refused_with_the_right_ones() {
        let error = arm("after_comit", Action::Exit(1)).unwrap_err();
        assert!(error.to_string().contains("after_commit"), "{error}");
    }

    #[test]
    fn an_armed_delay_waits_and_an_exit_counts_down() {
        arm("job_before_done", Action::Delay(Duration::from_millis(20))).unwrap();
        let start = std::time::Instant::now();
        hit("job_before_done");
        assert!(start.elapsed() >= Duration::from_millis(20));
        arm("job_before_done", Action::Exit(3)).unwrap();
        hit("job_before_done");
        hit("job_before_done");
    }
}
