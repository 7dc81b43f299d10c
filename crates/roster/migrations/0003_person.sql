-- Students and staff. Names are plain, so that they can be searched under row-level security; birth dates are encrypted.

create table roster.student (
  tenant_id uuid not null,
  student_id uuid not null,
  given_name text not null,
  family_name text not null,
  name_key text collate "C" not null,         -- family name, given name
  given_key text collate "C" not null,        -- given name, family name
  birth_date bytea,                           -- sealed
  grade text collate "C",
  school_ids uuid[] not null,                 -- as answered; roster.student_school is what is looked up
  status text collate "C" not null constraint student_status check (status in ('Active', 'Deactivated')),
  reason text,                                -- of the deactivation
  legal_hold text,                            -- why personal data must stay, if it must
  scrubbed_at timestamptz,
  external_refs jsonb not null,
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, student_id));
create index student_by_name on roster.student (tenant_id, name_key, student_id);
create index student_by_given on roster.student (tenant_id, given_key);
create index student_by_status on roster.student (tenant_id, status, name_key, student_id);
create index student_by_grade on roster.student (tenant_id, grade, name_key, student_id);

create table roster.student_school (
  tenant_id uuid not null,
  student_id uuid not null,
  school_id uuid not null,
  primary key (tenant_id, student_id, school_id),
  foreign key (tenant_id, student_id) references roster.student,
  foreign key (tenant_id, school_id) references roster.school);
create index student_school_by_school on roster.student_school (tenant_id, school_id, student_id);

-- No operation wrote staff before this, so there is none whose new columns would be empty.
alter table roster.staff
  alter issuer drop not null,
  alter subject drop not null,
  add constraint staff_identity_whole check ((issuer is null) = (subject is null)),
  add given_name text not null,
  add family_name text not null,
  add name_key text collate "C" not null,
  add given_key text collate "C" not null,
  add staff_type text[] not null constraint staff_type_known
    check (staff_type <> '{}' and staff_type <@ array['teacher', 'interventionist', 'counselor', 'admin', 'other']),
  add email text,
  add certification text,
  add school_ids uuid[] not null,             -- as answered; roster.staff_school is what is looked up
  add status text collate "C" not null constraint staff_status check (status in ('Active', 'Deactivated')),
  add reason text,                            -- of the deactivation
  add external_refs jsonb not null,
  add version bigint not null,
  add created_at timestamptz not null,
  add updated_at timestamptz not null;
create index staff_by_name on roster.staff (tenant_id, name_key, staff_id);
create index staff_by_given on roster.staff (tenant_id, given_key);
create index staff_teacher on roster.staff (tenant_id, name_key, staff_id) where 'teacher' = any (staff_type);
create index staff_school_by_school on roster.staff_school (tenant_id, school_id, staff_id);

do $$ declare t text; begin
  foreach t in array array['student', 'student_school'] loop
    execute format('alter table roster.%I enable row level security, force row level security', t);
    execute format('create policy tenant on roster.%I to steward_app using (tenant_id = kernel.tenant()) with check (tenant_id = kernel.tenant())', t);
  end loop; end $$;
grant select, insert, update on roster.student, roster.staff to steward_app;
grant select, insert, delete on roster.student_school, roster.staff_school to steward_app;
