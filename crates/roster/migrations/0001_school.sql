-- Schools, external ids, and the staff rows through which a token's person reaches the schools that are their own.

create table roster.school (
  tenant_id uuid not null,
  school_id uuid not null,
  name text not null,
  name_key text collate "C" not null,         -- trimmed, NFKC, case-folded by the server: LIKE and lower() use no index under RLS
  status text collate "C" not null constraint school_status check (status in ('Active', 'Archived')),
  timezone text not null,
  external_refs jsonb not null,               -- [{source, value}], as answered; roster.external_id is what is looked up
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, school_id));
create index school_by_status on roster.school (tenant_id, status, name_key, school_id);
create index school_by_name on roster.school (tenant_id, name_key, school_id);

create table roster.external_id (
  tenant_id uuid not null,
  source text collate "C" not null,
  kind text collate "C" not null,
  value text collate "C" not null,
  entity_id uuid not null,
  constraint external_id_taken primary key (tenant_id, source, kind, value));
create index external_id_by_entity on roster.external_id (tenant_id, entity_id);
create index external_id_by_value on roster.external_id (tenant_id, kind, value);

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

-- The active school whose name stands in the way of another with these external ids. Two schools may share a name when
-- both carry external ids and have none in common: then another system tells them apart.
create function roster.school_twin(tenant uuid, key text, refs jsonb, except_id uuid) returns uuid
  language sql stable parallel safe
  return (select s.school_id from roster.school s
          where s.tenant_id = tenant and s.name_key = key collate "C" and s.status = 'Active' and s.school_id <> except_id
            and (s.external_refs = '[]' or refs = '[]'
                 or exists (select from jsonb_array_elements(s.external_refs) r where refs @> jsonb_build_array(r.value)))
          limit 1);

do $$ declare t text; begin
  foreach t in array array['school', 'external_id', 'staff', 'staff_school'] loop
    execute format('alter table roster.%I enable row level security, force row level security', t);
    execute format('create policy tenant on roster.%I to steward_app using (tenant_id = kernel.tenant()) with check (tenant_id = kernel.tenant())', t);
  end loop; end $$;
grant usage on schema roster to steward_app;
grant select, insert, update on roster.school to steward_app;
grant select, insert, delete on roster.external_id to steward_app;
grant select on roster.staff, roster.staff_school to steward_app;
