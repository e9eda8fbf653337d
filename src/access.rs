//! Who may do what: the one place that decides.
//!
//! A page finds out who acts ([`Actor`]), names what is wanted ([`Action`]) and asks [`may`]. Pure.

use crate::domain::id::CheckId;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody without an account.
    Visitor,
    /// Somebody who has a check's private link.
    LinkHolder(CheckId),
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask for a check.
    Ask,
    /// See a check: progress, result, pages.
    See(CheckId),
    /// End a check before its time.
    Cancel(CheckId),
    /// Delete a check with all that belongs to it.
    Delete(CheckId),
}

/// Whether `actor` may do `action`.
pub fn may(actor: &Actor, action: Action) -> bool {
    match (actor, action) {
        (_, Action::Ask) => true,
        (Actor::LinkHolder(own), Action::See(check) | Action::Cancel(check) | Action::Delete(check)) => *own == check,
        (Actor::Visitor, Action::See(_) | Action::Cancel(_) | Action::Delete(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_its_own_check_and_no_other() {
        let (own, other) = (CheckId::at(1), CheckId::at(2));
        let holder = Actor::LinkHolder(own);
        for action in [Action::See, Action::Cancel, Action::Delete] {
            assert!(may(&holder, action(own)) && !may(&holder, action(other)) && !may(&Actor::Visitor, action(own)));
        }
        assert!(may(&Actor::Visitor, Action::Ask));
    }
}
