//! Signed heads: what a chain ended with at some moment, kept where the database's owner cannot reach.

use std::collections::HashSet;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use sqlx::PgConnection;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::{End, SealKey, Sealer};
use crate::{TenantId, background, relay::Meta};

/// What the signing key is derived from the master key for.
pub const KEY_PURPOSE: &str = "steward audit heads v1";

/// The event that announces a head, in the feed of the context `platform`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditSealed {
    /// How many records the chain holds.
    pub position: i64,
    /// The hash of its last link, lower-case hexadecimal.
    pub hash: String,
    /// HMAC-SHA256 of tenant, position and hash, lower-case hexadecimal.
    pub signature: String,
}

/// A signed head of one tenant's chain: a line of the heads' file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Whose chain.
    pub tenant: TenantId,
    /// When it was signed.
    pub at: jiff::Timestamp,
    /// What was signed.
    #[serde(flatten)]
    pub sealed: AuditSealed,
}

/// Why a heads' file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is no head of an audit trail: {source}")]
pub struct HeadError {
    line: usize,
    source: serde_json::Error,
}

impl Head {
    /// Reads the lines of a heads' file.
    pub fn parse_lines(text: &str) -> Result<Vec<Self>, HeadError> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines
            .map(|(number, line)| {
                serde_json::from_str(line).map_err(|source| HeadError { line: number + 1, source })
            })
            .collect()
    }

    /// Was it signed with `key`?
    pub(crate) fn is_signed_by(&self, key: &SealKey) -> bool {
        let signature = mac(key, self.tenant.0, self.sealed.position, &self.sealed.hash);
        let claimed = unhex(&self.sealed.signature);
        // Compares in constant time.
        claimed.is_some_and(|claimed| signature.verify_slice(&claimed).is_ok())
    }
}

/// Signs the heads of `tenants`, logs them, appends them to the file and announces them as events.
pub(super) async fn announce(sealer: &Sealer, tenants: &HashSet<Uuid>) -> sqlx::Result<()> {
    if tenants.is_empty() {
        return Ok(());
    }
    let mut tx = background::begin(&sealer.system).await?;
    let ends = super::heads(&mut tx, tenants.iter().copied()).await?;
    let now = sealer.clock.now();
    let heads: Vec<_> =
        ends.into_iter().map(|(tenant, end)| sign(&sealer.key, tenant, now, end)).collect();
    for head in &heads {
        write_event(&mut tx, sealer, head).await?;
    }
    tx.commit().await?;
    sealer.wake.wake();
    for Head { tenant, sealed, .. } in &heads {
        tracing::info!(%tenant, position = sealed.position, hash = sealed.hash, signature = sealed.signature, "audit trail sealed");
    }
    append(sealer, &heads).await;
    Ok(())
}

fn sign(key: &SealKey, tenant: Uuid, at: jiff::Timestamp, (position, hash): End) -> Head {
    let hash = hex(&hash);
    let signature = hex(&mac(key, tenant, position, &hash).finalize().into_bytes());
    Head { tenant: TenantId(tenant), at, sealed: AuditSealed { position, hash, signature } }
}

fn mac(key: &SealKey, tenant: Uuid, position: i64, hash: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new(&key.block().into());
    mac.update(format!("{tenant} {position} {hash}").as_bytes());
    mac
}

async fn write_event(conn: &mut PgConnection, sealer: &Sealer, head: &Head) -> sqlx::Result<()> {
    let encode = |error: serde_json::Error| sqlx::Error::Encode(error.into());
    let meta = Meta {
        correlationid: sealer.ids.next(),
        causationid: None,
        actor: "system:sealer".to_owned(),
        traceparent: None,
        name: "AuditSealed".to_owned(),
        version: 1,
    };
    sqlx::query!(
        "insert into kernel.outbox (tenant_id, event_id, context, type, subject, data, meta, occurred_at)
         values ($1, $2, 'platform', 'steward.platform.v1.AuditSealed', $1, $3, $4, $5)",
        head.tenant.0,
        sealer.ids.next(),
        serde_json::to_string(&head.sealed).map_err(encode)?,
        serde_json::to_value(&meta).map_err(encode)?,
        jiff_sqlx::Timestamp::from(head.at) as _
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Appends the heads to the file, if there is one. A failure shows in the log; the feed and the log have the heads.
async fn append(sealer: &Sealer, heads: &[Head]) {
    let Some(path) = &sealer.file else { return };
    let write = async {
        let mut lines = String::new();
        for head in heads {
            lines.push_str(&serde_json::to_string(head)?);
            lines.push('\n');
        }
        let mut file = tokio::fs::OpenOptions::new().create(true).append(true).open(path).await?;
        file.write_all(lines.as_bytes()).await?;
        file.sync_data().await
    };
    if let Err(error) = write.await {
        tracing::error!(%error, path = %path.display(), "could not append the heads of the audit trail: check the path and the disk");
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let (pairs, []) = digits.as_deref()?.as_chunks::<2>() else { return None };
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_binds_tenant_position_and_hash() {
        let key = SealKey::new([7; 32]);
        let head = sign(&key, Uuid::from_u128(1), jiff::Timestamp::UNIX_EPOCH, (42, [9; 32]));
        assert!(head.is_signed_by(&key));
        assert!(!head.is_signed_by(&SealKey::new([8; 32])));
        let mut other = head.clone();
        other.sealed.position = 41;
        assert!(!other.is_signed_by(&key));
        let mut other = head;
        other.tenant = TenantId(Uuid::from_u128(2));
        assert!(!other.is_signed_by(&key));
    }

    #[test]
    fn a_heads_file_is_read_line_by_line() {
        let head = sign(
            &SealKey::new([7; 32]),
            Uuid::from_u128(1),
            jiff::Timestamp::UNIX_EPOCH,
            (1, [9; 32]),
        );
        let line = serde_json::to_string(&head).unwrap();
        assert_eq!(
            Head::parse_lines(&format!("{line}\n\n{line}\n")).unwrap(),
            [head.clone(), head]
        );
        let error = Head::parse_lines("{}\n").unwrap_err();
        assert!(error.to_string().starts_with("line 1 "), "{error}");
    }
}
