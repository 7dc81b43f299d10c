-- What the server does to create a school, statement by statement, without the server.
\set i :i + 1
\set n (:run * 64 + :client_id) * 10000000 + :i
BEGIN;
SELECT set_config('steward.tenant', :tenant, true), set_config('steward.claimed', pg_try_advisory_xact_lock(:n)::text, true);
select coalesce(current_setting('steward.claimed', true), '') = 'true' as got,
       (select t.status from kernel.tenant t where t.tenant_id = :tenant::uuid) as tenant_status,
       k.request, k.status, k.headers, k.body
from (select 1) one
left join kernel.idempotency k on k.tenant_id = :tenant::uuid and k.caller = :caller and k.key = 'bench-' || :n::text;
select pg_advisory_xact_lock(hashtextextended('roster.school ' || :tenant::uuid::text || ' ' || ('school ' || :n::text), 0));
insert into roster.school (tenant_id, school_id, name, name_key, status, timezone, external_refs, version, created_at, updated_at)
select :tenant::uuid, lpad(:n::text, 32, '0')::uuid, 'School ' || :n::text, 'school ' || :n::text, 'Active', 'America/Chicago',
       '[]'::jsonb, 1, now(), now()
where roster.school_twin(:tenant::uuid, 'school ' || :n::text, '[]'::jsonb, lpad(:n::text, 32, '0')::uuid) is null;
with audits as (
  insert into kernel.audit (tenant_id, audit_id, action, entity, entity_id, outcome, actor, correlation_id, record)
  select :tenant::uuid, a.id, 'roster.school.create', a.entity, a.entity_id, 'succeeded', :caller, a.id, a.record
  from unnest(array[lpad(:n::text || 'a', 32, '0')::uuid], array['school'], array[lpad(:n::text, 32, '0')::uuid], array[:record::text])
    as a(id, entity, entity_id, record)),
events as (
  insert into kernel.outbox (tenant_id, event_id, context, type, subject, data, meta, occurred_at)
  select :tenant::uuid, e.id, e.context, e.type, e.subject, e.data, e.meta, now()
  from unnest(array[lpad(:n::text || 'e', 32, '0')::uuid], array['roster'], array['lms.roster.v1.SchoolCreated'],
              array[lpad(:n::text, 32, '0')::uuid], array[:data::text], array[:meta::jsonb])
    with ordinality as e(id, context, type, subject, data, meta, n)
  order by e.n)
insert into kernel.idempotency (tenant_id, caller, key, request, status, headers, body, expires_at, about)
select :tenant::uuid, :caller, 'bench-' || :n::text, sha256(convert_to(:n::text, 'UTF8')), 201, :headers::jsonb, decode(:body, 'hex'),
       now() + interval '24 hours', lpad(:n::text, 32, '0')::uuid;
COMMIT;
