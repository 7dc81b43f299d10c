-- Human decisions: what is asked of whom until when, and what was decided. One list for every context.
create table kernel.approval (
  tenant_id uuid not null,
  approval_id uuid not null,
  kind text collate "C" not null,             -- for instance roster.import; also the kind of the job that carries it out
  subject_id uuid not null,
  revision text not null,                     -- of the subject: exactly what is decided about
  title text not null,
  reason text not null,
  consequences jsonb not null,                -- sentences
  asked_by text not null,                     -- who may not decide
  asker text not null,                        -- the same, as others see it
  asked_at timestamptz not null,
  levels jsonb not null,                      -- who is asked, one after the other: [{"role", "patienceSeconds"}]
  roles text[] not null,                      -- of all levels
  level int not null,
  due_at timestamptz,                         -- null at the last level, which waits for ever
  remind_at timestamptz,                      -- null once reminded
  status text collate "C" not null,
  decided_by text,
  decided_at timestamptz,
  rationale text,
  primary key (tenant_id, approval_id),
  constraint approval_status check (status in ('Pending', 'Approved', 'Rejected', 'Superseded')),
  constraint approval_decided check ((status in ('Approved', 'Rejected')) = (decided_by is not null)));
-- One open question about one thing.
create unique index approval_open on kernel.approval (tenant_id, kind, subject_id) where status = 'Pending';
create index approval_by_status on kernel.approval (tenant_id, status, approval_id);

alter table kernel.approval enable row level security, force row level security;
create policy tenant on kernel.approval to steward_app using (tenant_id = kernel.tenant()) with check (tenant_id = kernel.tenant());
create policy system on kernel.approval to steward_system using (true) with check (true);
grant select, insert, update on kernel.approval to steward_app;
grant select (tenant_id, status) on kernel.approval to steward_system;        -- counts what waits
