-- Schools, and the staff rows through which a token's person reaches the schools that are their own.

create table roster.school (
  tenant_id uuid not null,
  school_id uuid not null,
  name text not null,
  name_key text collate "C" not null,         -- trimmed, NFKC, case-folded by the server: LIKE and lower() use no index under RLS
  status text collate "C" not null constraint school_status check (status in ('Active', 'Archived')),
  timezone text not null,
  external_refs jsonb not null,
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, school_id));
create index school_by_status on roster.school (tenant_id, status, name_key, school_id);
create index school_by_name on roster.school (tenant_id, name_key, school_id);

create table roster.staff (
  tenant_id uuid not null,
  staff_id uuid not null,
  issuer text collate "C" not null,
  subject text collate "C" not null,
  primary key (tenant_id, staff_id),
  constraint staff_identity_taken unique (tenant_id, issuer, subject));
create table roster.staff_school (
  tenant_id uuid not null,
  staff_id uuid not null,
  school_id uuid not null,
  primary key (tenant_id, staff_id, school_id),
  foreign key (tenant_id, staff_id) references roster.staff,
  foreign key (tenant_id, school_id) references roster.school);

do $$ declare t text; begin
  foreach t in array array['school', 'staff', 'staff_school'] loop
    execute format('alter table roster.%I enable row level security, force row level security', t);
    execute format('create policy tenant on roster.%I to steward_app using (tenant_id = kernel.tenant()) with check (tenant_id = kernel.tenant())', t);
  end loop; end $$;
grant usage on schema roster to steward_app;
grant select, insert, update on roster.school to steward_app;
grant select on roster.staff, roster.staff_school to steward_app;
