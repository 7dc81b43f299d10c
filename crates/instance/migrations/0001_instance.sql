-- Registered instances, the remediation commands for them with what became of them, and the newest messages of their logs.

create table instance.instance (
  tenant_id uuid not null,
  instance_id uuid not null,
  name text not null,
  name_key text collate "C" not null,         -- case-folded by the server
  executor jsonb not null,                    -- {issuer, subject}: the account that executes its commands on its host
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, instance_id),
  constraint instance_name_taken unique (tenant_id, name_key));

-- The order of commands is that of their trace ids, which the server gives and which grow with time.
create table instance.command (
  tenant_id uuid not null,
  command_id uuid not null,
  instance_id uuid not null,
  trace_id uuid not null,
  status text collate "C" not null
    constraint command_status check (status in ('Held', 'Pending', 'Completed', 'Rejected', 'Expired', 'RolledBack')),
  command jsonb not null,                     -- as it is shown: values of secret parameters hidden
  sealed bytea not null,                      -- as it came, encrypted
  held_because text,
  approval_id uuid,
  approved boolean not null,
  rolls_back uuid,
  rolled_back_by uuid,
  overall_status text collate "C",
  trace jsonb,                                -- as the executor reported it, under the server's trace id
  executor_trace_id uuid,
  version bigint not null,
  received_at timestamptz not null,
  updated_at timestamptz not null,
  completed_at timestamptz,
  primary key (tenant_id, command_id),
  foreign key (tenant_id, instance_id) references instance.instance,
  constraint command_trace unique (tenant_id, trace_id));
create index command_queue on instance.command (tenant_id, instance_id, status, trace_id);
create index command_by_time on instance.command (tenant_id, (trace_id::text), command_id);
create index command_undo on instance.command (tenant_id, rolls_back) where rolls_back is not null;
create index command_executor_trace on instance.command (tenant_id, executor_trace_id);

-- The newest messages of each instance. Numbers grow within a tenant in the order in which they become visible.
create table instance.message (
  tenant_id uuid not null,
  number bigint generated always as identity,
  instance_id uuid not null,
  trace_id text collate "C",
  part int,
  severity smallint,
  category text collate "C",
  error_type text collate "C",
  message jsonb not null,
  received_at timestamptz not null,
  primary key (tenant_id, number),
  foreign key (tenant_id, instance_id) references instance.instance,
  constraint message_twice unique (tenant_id, instance_id, trace_id, part));
create index message_of_instance on instance.message (tenant_id, instance_id, number);

do $$ declare t text; begin
  foreach t in array array['instance', 'command', 'message'] loop
    execute format('alter table instance.%I enable row level security, force row level security', t);
    execute format('create policy tenant on instance.%I to steward_app using (tenant_id = kernel.tenant()) with check (tenant_id = kernel.tenant())', t);
  end loop; end $$;
grant usage on schema instance to steward_app;
grant select, insert, update on instance.instance, instance.command to steward_app;
grant select, insert, delete on instance.message to steward_app;
