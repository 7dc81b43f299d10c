//! Route × role × tenant: every operation of the served document, called by everybody who may and everybody who may not.
//!
//! What is expected follows from the permission table. A new operation needs one entry in [`operations`]; without it, or
//! without a row in the table, these tests fail and say so.

pub(crate) mod operations;
mod roles;
pub(crate) mod stage;
mod tenants;

use std::collections::BTreeSet;

use operations::{ENTRIES, Operation};
use stage::Stage;

#[tokio::test]
async fn the_table_holds_exactly_the_operations_that_are_served() {
    let stage = Stage::set().await;
    let served: BTreeSet<_> = stage.operations.iter().map(Operation::id).collect();
    let listed: BTreeSet<_> = ENTRIES.iter().map(|entry| entry.id).collect();
    assert_eq!(served, listed, "an entry of matrix/operations.rs belongs to no operation");
    assert_eq!(listed.len(), ENTRIES.len(), "an operation has two entries");
}

#[tokio::test]
async fn without_a_token_nobody_enters() {
    let stage = Stage::set().await;
    let target = stage.target(stage.own).await;
    let nobody = stage.nobody().in_tenant(stage.own);
    for operation in &stage.operations {
        let answer = operation.request(&nobody, &target).await.unwrap();
        answer.problem(401, "unauthenticated");
        assert!(answer.header("www-authenticate").starts_with("Bearer "), "{}", operation.id());
    }
}
