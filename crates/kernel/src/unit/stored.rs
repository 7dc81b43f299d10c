//! Answers as they are stored under their keys: sealed, since they show what is encrypted elsewhere, and forgotten when
//! what they show is scrubbed.

use uuid::Uuid;

use super::Once;
use crate::{
    cx::Context,
    keys::{decrypt, encrypt},
    problem::{Problem, kinds},
    tx::Tx,
};

/// The first byte of a sealed answer. JSON begins with another, so answers that were stored before there was a seal are
/// told from these.
const SEALED: u8 = 1;
/// All that is left of a forgotten answer.
const FORGOTTEN: u8 = 0;

/// The body of an answer, bound to its key.
pub(super) fn seal(context: &Context, once: &Once, body: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut sealed = vec![SEALED];
    sealed.extend(encrypt(context.kernel.answer_key(), &bound_to(context, once), body)?);
    Ok(sealed)
}

/// The body as it was answered.
pub(super) fn open(context: &Context, once: &Once, stored: &[u8]) -> Result<Vec<u8>, Problem> {
    match stored.split_first() {
        Some((&SEALED, sealed)) => {
            let bound = bound_to(context, once);
            Ok(decrypt(context.kernel.answer_key(), &bound, sealed)?.to_vec())
        }
        Some((&FORGOTTEN, _)) => Err(Problem::new(
            &kinds::FORGOTTEN,
            "The change was made once and is not made again; what was answered then has been scrubbed.",
        )),
        _ => Ok(stored.to_vec()),
    }
}

/// Lengths before the texts: no two keys share a binding.
fn bound_to(context: &Context, once: &Once) -> Vec<u8> {
    let mut bound = b"steward answer v1".to_vec();
    bound.extend(once.scope.0.as_bytes());
    for text in [context.caller.actor(), once.key.clone()] {
        bound.extend((text.len() as u64).to_be_bytes());
        bound.extend(text.as_bytes());
    }
    bound
}

impl Tx {
    /// Forgets the stored answers that show these entities: a repeat of such a request is refused from now on, and does
    /// nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_answers(&mut self, entities: &[Uuid]) -> Result<(), sqlx::Error> {
        let tenant = self.tenant().0;
        sqlx::query!(
            "update kernel.idempotency set body = $3 where tenant_id = $1 and about = any($2)",
            tenant,
            entities,
            &[FORGOTTEN] as &[u8],
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }
}
