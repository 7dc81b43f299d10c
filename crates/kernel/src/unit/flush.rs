//! The end of a unit of work: audit records, outbox rows and the stored answer in one statement.

use jiff_sqlx::ToSqlx;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    answer::Reply,
    audit::{Ending, Record},
    cx::Context,
    problem::Problem,
    tx::{Change, Tx},
    unit::{KEPT_HOURS, Once, stored},
};

#[derive(Default)]
struct Audits {
    ids: Vec<Uuid>,
    entities: Vec<&'static str>,
    entity_ids: Vec<Uuid>,
    records: Vec<String>,
}

#[derive(Default)]
struct Outgoing {
    ids: Vec<Uuid>,
    contexts: Vec<&'static str>,
    types: Vec<String>,
    subjects: Vec<Uuid>,
    data: Vec<String>,
    meta: Vec<Value>,
}

/// An answer under its key.
struct Keep<'a> {
    once: &'a Once,
    reply: &'a Reply,
    /// The entity that the answer shows.
    about: Option<Uuid>,
}

/// Writes everything that the transaction owes beside its effect.
pub(super) async fn flush(
    tx: &mut Tx,
    action: &'static str,
    changes: Vec<Change>,
    reply: Option<&Reply>,
) -> Result<(), Problem> {
    let context = std::sync::Arc::clone(tx.context());
    let about = changes.first().map(|change| change.entity_id);
    let (mut audits, mut outgoing) = (Audits::default(), Outgoing::default());
    for change in changes {
        audits.push(tx, &context, action, &change)?;
        outgoing.push(tx, &context, change);
    }
    let keep = context.once.as_ref().zip(reply.filter(|reply| reply.status.is_success()));
    let keep = keep.map(|(once, reply)| Keep { once, reply, about });
    // A platform operation's key belongs to the platform, its audit and events to the tenant: two steps then.
    let (together, apart) = match keep {
        Some(keep) if keep.once.scope != tx.tenant() => (None, Some(keep)),
        keep => (keep, None),
    };
    store(tx, action, &audits, &outgoing, together).await?;
    if let Some(keep) = apart {
        tx.set_tenant(keep.once.scope).await?;
        store(tx, action, &Audits::default(), &Outgoing::default(), Some(keep)).await?;
    }
    Ok(())
}

impl Audits {
    fn push(
        &mut self,
        tx: &Tx,
        context: &Context,
        action: &str,
        change: &Change,
    ) -> Result<(), Problem> {
        let (audit_id, actor, request) =
            (tx.new_id(), context.caller.actor(), context.fingerprint());
        let record = Record {
            audit_id,
            tenant_id: tx.tenant(),
            at: tx.now(),
            action,
            entity: change.entity,
            entity_id: Some(change.entity_id),
            outcome: Ending::Succeeded,
            actor: &actor,
            actor_kind: context.caller.kind,
            before: change.before.clone(),
            after: change.after.clone(),
            request: request.as_deref(),
            correlation_id: context.origin.correlation,
            trace_id: context.origin.trace.id(),
        };
        self.ids.push(audit_id);
        self.entities.push(change.entity);
        self.entity_ids.push(change.entity_id);
        self.records.push(serde_json::to_string(&record).map_err(|e| Problem::internal(&e))?);
        Ok(())
    }
}

impl Outgoing {
    fn push(&mut self, tx: &Tx, context: &Context, change: Change) {
        let Some(event) = change.event else { return };
        let mut meta = json!({
            "name": event.name,
            "version": event.version,
            "correlationid": context.origin.correlation,
            "actor": context.kernel.pseudonym(tx.tenant(), &context.caller),
            "traceparent": context.origin.trace.parent(),
        });
        if let (Some(causation), Some(meta)) = (context.origin.causation, meta.as_object_mut()) {
            meta.insert("causationid".to_owned(), json!(causation));
        }
        self.ids.push(tx.new_id());
        self.contexts.push(event.context);
        self.types.push(event.event_type);
        self.subjects.push(event.subject);
        self.data.push(event.data);
        self.meta.push(meta);
    }
}

async fn store(
    tx: &mut Tx,
    action: &str,
    audits: &Audits,
    outgoing: &Outgoing,
    keep: Option<Keep<'_>>,
) -> Result<(), Problem> {
    let context = std::sync::Arc::clone(tx.context());
    let (actor, now) = (context.caller.actor(), tx.now());
    let keep = keep.as_ref();
    let headers = serde_json::to_value(keep.map(|keep| &keep.reply.headers))
        .map_err(|e| Problem::internal(&e))?;
    let seal = |keep: &Keep<'_>| stored::seal(&context, keep.once, &keep.reply.body);
    let body = keep.map(seal).transpose()?;
    let kept = keep.map_or(KEPT_HOURS, |keep| keep.once.kept_hours);
    let expires = now + jiff::SignedDuration::from_hours(kept);
    sqlx::query!(
        r#"with audits as (
             insert into kernel.audit (tenant_id, audit_id, action, entity, entity_id, outcome, actor, correlation_id, record)
             select $1, a.id, $2, a.entity, a.entity_id, $3, $4, $5, a.record
             from unnest($6::uuid[], $7::text[], $8::uuid[], $9::text[]) as a(id, entity, entity_id, record)),
           events as (
             insert into kernel.outbox (tenant_id, event_id, context, type, subject, data, meta, occurred_at)
             select $1, e.id, e.context, e.type, e.subject, e.data, e.meta, $10
             from unnest($11::uuid[], $12::text[], $13::text[], $14::uuid[], $15::text[], $16::jsonb[])
               with ordinality as e(id, context, type, subject, data, meta, n)
             order by e.n)
           insert into kernel.idempotency (tenant_id, caller, key, request, status, headers, body, expires_at, about)
           select $1, $4, $17::text, $18::bytea, $19::smallint, $20::jsonb, $21::bytea, $22::timestamptz, $23::uuid
           where $17 is not null"#,
        tx.tenant().0,
        action,
        Ending::Succeeded.name(),
        actor,
        context.origin.correlation,
        &audits.ids,
        &audits.entities as &[&str],
        &audits.entity_ids,
        &audits.records,
        now.to_sqlx() as _,
        &outgoing.ids,
        &outgoing.contexts as &[&str],
        &outgoing.types,
        &outgoing.subjects,
        &outgoing.data,
        &outgoing.meta,
        keep.map(|keep| keep.once.key.as_str()),
        keep.map(|keep| keep.once.request.as_slice()),
        keep.map(|keep| i16::try_from(keep.reply.status.as_u16()).unwrap_or(200)),
        headers,
        body,
        expires.to_sqlx() as _,
        keep.and_then(|keep| keep.about),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
