-- The kernel's schema. Runs as steward_owner; the roles are made by the bootstrap (crates/kernel/src/migrate.rs).
-- Every tenant table: tenant_id first in every key and index, row-level security forced, one policy for the requests'
-- role (own tenant only) and one for the system role (relay, sealer, claimers), which sees only kernel tables.

create function kernel.tenant() returns uuid language sql stable parallel safe
  return nullif(current_setting('steward.tenant', true), '')::uuid;
create function kernel.slot(t uuid) returns smallint language sql immutable parallel safe
  return (get_byte(uuid_send(t), 15) & 15)::smallint;                      -- 16 partitions of tenants

-- Platform tables: no tenant policy; the catalogue test names them as exceptions.
create table kernel.tenant (
  tenant_id uuid primary key,
  name text not null,
  name_key text collate "C" not null,
  region text not null,
  status text not null constraint tenant_status check (status in ('Active', 'Suspended', 'Deactivated')),
  capabilities jsonb not null,
  external_refs jsonb not null,
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint tenant_name_taken unique (name_key));
create index tenant_region on kernel.tenant (region) where status <> 'Deactivated';
create index tenant_list on kernel.tenant (name_key, tenant_id);

-- One row a slot of tenants: who relays and seals it. Database time decides.
create table kernel.lease (
  slot smallint primary key,
  holder uuid,
  epoch bigint not null default 0,
  until timestamptz not null default '-infinity',
  sealed_until timestamptz not null default '-infinity');                  -- every audit record up to here is in its chain
insert into kernel.lease (slot) select generate_series(0, 15);
create table kernel.node (
  node_id uuid primary key,
  seen_at timestamptz not null default now());

-- A known text under the master key: a server with another key refuses to start.
create table kernel.key_check (
  one boolean primary key default true constraint key_check_one check (one),
  sealed bytea not null);
-- One data key a tenant and version, wrapped by the master key.
create table kernel.data_key (
  tenant_id uuid not null,
  version int not null,
  wrapped bytea not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, version));

create table kernel.idempotency (
  tenant_id uuid not null,
  caller text collate "C" not null,
  key text collate "C" not null,
  request bytea not null,
  status smallint not null,
  headers jsonb not null,
  body bytea not null,
  expires_at timestamptz not null,
  constraint idempotency_pkey primary key (tenant_id, caller, key));
create index idempotency_expiry on kernel.idempotency (expires_at);

create table kernel.audit (
  tenant_id uuid not null,
  audit_id uuid not null,
  recorded_at timestamptz not null default now(),
  action text not null,
  entity text not null,
  entity_id uuid,
  outcome text not null,
  actor text not null,
  correlation_id uuid not null,
  record text not null,                       -- the whole record as canonical JSON: this text is what is sealed
  primary key (tenant_id, audit_id));
create index audit_entity on kernel.audit (tenant_id, entity, entity_id, audit_id);
create index audit_recorded on kernel.audit using brin (recorded_at);
-- The chain: hash = sha256(previous hash || sha256(record)). Made by the sealer, a few seconds after the record.
create table kernel.audit_link (
  tenant_id uuid not null,
  position bigint not null,
  audit_id uuid not null,
  hash bytea not null,
  primary key (tenant_id, position),
  unique (tenant_id, audit_id));

-- place is taken at the end of the writer's transaction: a cause has a lower place than its effect.
create sequence kernel.outbox_place cache 1;
create table kernel.outbox (
  tenant_id uuid not null,
  place bigint not null default nextval('kernel.outbox_place'),
  slot smallint not null generated always as (kernel.slot(tenant_id)) stored,
  event_id uuid not null,
  context text not null,
  type text not null,
  subject uuid not null,
  data text not null,                         -- the payload as text: identical bytes on every retry
  meta jsonb not null,
  occurred_at timestamptz not null,
  primary key (tenant_id, place))
  with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
create index outbox_slot on kernel.outbox (slot, place);
-- The log: numbered without gaps for each tenant and context, kept for the feed.
create table kernel.event (
  tenant_id uuid not null,
  context text collate "C" not null,
  number bigint not null,
  slot smallint not null,
  place bigint not null,
  event_id uuid not null,
  type text not null,
  subject uuid not null,
  data text not null,
  meta jsonb not null,
  occurred_at timestamptz not null,
  numbered_at timestamptz not null default now(),
  primary key (tenant_id, context, number),
  unique (tenant_id, event_id));
create index event_age on kernel.event using brin (numbered_at);
create table kernel.feed (
  tenant_id uuid not null,
  context text collate "C" not null,
  slot smallint not null generated always as (kernel.slot(tenant_id)) stored,
  numbered bigint not null default 0,
  delivered bigint not null default 0,
  oldest bigint not null default 1,
  primary key (tenant_id, context)) with (fillfactor = 50);
create index feed_behind on kernel.feed (slot) where numbered > delivered;
create table kernel.parked (
  tenant_id uuid not null,
  context text collate "C" not null,
  number bigint not null,
  attempts int not null,
  error text not null,
  parked_at timestamptz not null default now(),
  retry boolean not null default false,       -- a person asked for it: the relay sends it once more
  primary key (tenant_id, context, number),
  foreign key (tenant_id, context, number) references kernel.event);
create index parked_retry on kernel.parked (tenant_id) where retry;

create table kernel.inbox (
  tenant_id uuid not null,
  consumer text collate "C" not null,
  event_id uuid not null,
  done_at timestamptz not null default now(),
  primary key (tenant_id, consumer, event_id));
create index inbox_age on kernel.inbox using brin (done_at);
create table kernel.inbox_failed (
  tenant_id uuid not null,
  consumer text collate "C" not null,
  event_id uuid not null,
  envelope text not null,
  attempts int not null,
  error text not null,
  retry_at timestamptz,                       -- null: parked, waits for a person
  primary key (tenant_id, consumer, event_id));
create index inbox_retry on kernel.inbox_failed (retry_at) where retry_at is not null;

-- How far a consumer followed a feed: everything up to here was handed to it.
create table kernel.inbox_seen (
  tenant_id uuid not null,
  consumer text collate "C" not null,
  context text collate "C" not null,
  number bigint not null,
  primary key (tenant_id, consumer, context));

create table kernel.job (
  tenant_id uuid not null,
  job_id uuid not null,
  kind text collate "C" not null,
  args jsonb not null,
  run_at timestamptz not null,
  attempts int not null default 0,
  holder uuid,
  until timestamptz,
  parked_error text,
  unique_key text collate "C",
  progress jsonb not null default '{}',
  primary key (tenant_id, job_id),
  constraint job_once unique (tenant_id, kind, unique_key));
create index job_due on kernel.job (run_at) where parked_error is null;

create function kernel.refuse() returns trigger language plpgsql as $$ begin
  raise exception '% is append-only', tg_table_name using errcode = '42501'; end $$;
do $$ declare t text; begin
  foreach t in array array['data_key', 'idempotency', 'audit', 'audit_link', 'outbox', 'event', 'feed', 'parked', 'inbox',
                           'inbox_failed', 'inbox_seen', 'job'] loop
    execute format('alter table kernel.%I enable row level security, force row level security', t);
    execute format('create policy tenant on kernel.%I to steward_app using (tenant_id = kernel.tenant()) with check (tenant_id = kernel.tenant())', t);
    execute format('create policy system on kernel.%I to steward_system using (true) with check (true)', t);
  end loop;
  foreach t in array array['audit', 'audit_link'] loop
    execute format('create trigger append_only before update or delete or truncate on kernel.%I execute function kernel.refuse()', t);
  end loop; end $$;

grant usage on schema kernel to steward_app, steward_system;
grant select, insert, update on kernel.tenant to steward_app;
grant select on kernel.tenant to steward_system;
grant select on kernel.key_check to steward_app, steward_system;
grant insert on kernel.key_check to steward_system;
grant select, insert on kernel.data_key to steward_app;
grant select, insert on kernel.idempotency, kernel.audit, kernel.inbox to steward_app;
grant insert on kernel.outbox to steward_app;
grant usage on sequence kernel.outbox_place to steward_app;
grant select on sequence kernel.outbox_place to steward_system;
grant select on kernel.event, kernel.feed, kernel.parked, kernel.audit_link to steward_app;
grant select, insert, update on kernel.job to steward_app;
grant select, insert, update, delete on kernel.inbox_failed to steward_app;
grant select, delete on kernel.outbox, kernel.idempotency, kernel.inbox to steward_system;
grant select, insert, update, delete on kernel.event, kernel.feed, kernel.parked, kernel.job, kernel.inbox_failed, kernel.node to steward_system;
grant select, insert, update on kernel.inbox_seen to steward_system;
grant select, update on kernel.lease to steward_system;
grant select on kernel.audit to steward_system;
grant select, insert on kernel.audit_link to steward_system;
grant insert on kernel.outbox to steward_system;                           -- the sealer announces heads
grant usage on sequence kernel.outbox_place to steward_system;
