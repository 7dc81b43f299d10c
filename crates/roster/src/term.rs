//! Terms: commands and queries.

mod entity;
pub(crate) mod store;

use kernel::{
    answer::{Created, Fresh, Outcome},
    http::Body,
    problem::FieldError,
    rows::{self, Only, Wanted},
    tx::Tx,
};

pub use entity::{CreateTerm, PatchTerm, Term, TermId, TermType};
pub use store::TABLE;

use crate::{
    Error, events,
    external::{self, Kind},
};

/// How deep terms are nested at most: a school year, its semesters, their terms, their grading periods, twice over.
const DEPTH_MAX: usize = 8;

/// Which terms are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which {
    /// Only terms of this type.
    pub r#type: Option<TermType>,
    /// Only parts of this term.
    pub parent: Option<TermId>,
}

/// Creates a term.
pub async fn create(tx: &mut Tx, asked: CreateTerm) -> Result<Outcome<Created<Term>>, Error> {
    let term = asked.parse(tx.new_id(), tx.now()).map_err(Error::Invalid)?;
    family(tx, &term).await?;
    store::save(tx, &term).await?;
    external::save(tx, Kind::Term, &[term.refs()]).await?;
    tx.changed(None, Some(&term), &events::TermCreated((&term).into()))?;
    let location = Kind::Term.path(tx.tenant(), term.term_id.0);
    Ok(Outcome::Executed(Created { location, version: term.version, body: term }))
}

/// Changes what the patch names. A patch that changes nothing is not announced.
pub async fn update(
    tx: &mut Tx,
    id: TermId,
    patch: &Body<PatchTerm>,
) -> Result<Outcome<Fresh<Term>>, Error> {
    let before: Term = rows::lock(tx, &TABLE, id.0, &[]).await?.ok_or(Error::Missing)?;
    let patch = patch.parse()?;
    tx.precondition(before.version)?;
    let Some(after) = before.patched(patch, tx.now()).map_err(Error::Invalid)? else {
        return Ok(Outcome::AlreadyApplied(fresh(before)));
    };
    if after.parent_id != before.parent_id {
        family(tx, &after).await?;
    }
    store::save(tx, &after).await?;
    external::save(tx, Kind::Term, &[after.refs()]).await?;
    tx.changed(Some(&before), Some(&after), &events::TermUpdated((&after).into()))?;
    Ok(Outcome::Executed(fresh(after)))
}

/// One term.
pub async fn read(tx: &mut Tx, id: TermId) -> Result<Fresh<Term>, Error> {
    rows::find(tx, &TABLE, id.0, &[]).await?.map(fresh).ok_or(Error::Missing)
}

/// A page of terms, and one more.
pub async fn list(tx: &mut Tx, which: Which, wanted: &Wanted) -> Result<Vec<Term>, Error> {
    let of_type = which.r#type.map(|r#type| Only::Word("type", r#type.name()));
    let parts = which.parent.map(|parent| Only::Id("parent_id", parent.0));
    let only: Vec<_> = of_type.into_iter().chain(parts).collect();
    Ok(rows::list(tx, &TABLE, &only, wanted).await?)
}

/// The parent is there, and neither the term itself nor too deep.
async fn family(tx: &mut Tx, term: &Term) -> Result<(), Error> {
    let Some(parent) = term.parent_id else { return Ok(()) };
    // So that two do not make a circle together.
    tx.serialise("roster.term", "family").await?;
    let above = store::ancestry(tx, parent).await?;
    if above.is_empty() {
        return Err(Error::unknown("/parentId", "term"));
    }
    let refuse =
        |code, message| Err(Error::Invalid(vec![FieldError::new("/parentId", code, message)]));
    if above.contains(&term.term_id) {
        return refuse("cycle", "A term is no part of its own parts.".to_owned());
    }
    if above.len() >= DEPTH_MAX {
        return refuse("too_deep", format!("Terms are nested at most {DEPTH_MAX} deep."));
    }
    Ok(())
}

const fn fresh(term: Term) -> Fresh<Term> {
    Fresh { version: term.version, body: term }
}
