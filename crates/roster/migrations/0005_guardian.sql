-- Guardians: one row for each student that they are a guardian of, so that what is agreed with one child's guardian never
-- changes another's. Whatever tells who they are is sealed.

create table roster.guardian (
  tenant_id uuid not null,
  guardian_id uuid not null,
  student_id uuid not null,
  name bytea not null,                        -- sealed
  email bytea,                                -- sealed
  phone bytea,                                -- sealed
  relation text collate "C" not null constraint guardian_relation check (relation in ('parent', 'guardian', 'relative', 'other')),
  preferred_channel text collate "C" constraint guardian_preferred check (preferred_channel in ('Email', 'SMS', 'Letter')),
  opt_out text[] not null constraint guardian_opt_out check (opt_out <@ array['Email', 'SMS', 'Letter']),
  language text,
  status text collate "C" not null constraint guardian_status check (status in ('Active', 'Deactivated')),
  external_refs jsonb not null,               -- as answered; roster.guardian_ref is what is looked up
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, guardian_id),
  foreign key (tenant_id, student_id) references roster.student);
create index guardian_by_student on roster.guardian (tenant_id, student_id, guardian_id);

-- The same person may be a guardian of several students: their external id names one row for each.
create table roster.guardian_ref (
  tenant_id uuid not null,
  source text collate "C" not null,
  value text collate "C" not null,
  student_id uuid not null,
  guardian_id uuid not null,
  constraint guardian_ref_taken primary key (tenant_id, source, value, student_id),
  foreign key (tenant_id, guardian_id) references roster.guardian);
create index guardian_ref_by_guardian on roster.guardian_ref (tenant_id, guardian_id);

do $$ declare t text; begin
  foreach t in array array['guardian', 'guardian_ref'] loop
    execute format('alter table roster.%I enable row level security, force row level security', t);
    execute format('create policy tenant on roster.%I to steward_app using (tenant_id = kernel.tenant()) with check (tenant_id = kernel.tenant())', t);
  end loop; end $$;
grant select, insert, update on roster.guardian to steward_app;
grant select, insert, delete on roster.guardian_ref to steward_app;
