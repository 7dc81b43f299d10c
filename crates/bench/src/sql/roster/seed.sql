-- Districts with these many enrolments each, five a student and 25 a class. An id is its kind and its number.
create function pg_temp.id(kind int, n bigint) returns uuid immutable language sql
  return (lpad(kind::text, 8, '0') || lpad(to_hex(n), 24, '0'))::uuid;
create function pg_temp.family(n bigint) returns text immutable language sql
  return (array['Adams', 'Baker', 'Clark', 'Davis', 'Evans', 'Frank', 'Ghosh', 'Hills', 'Irwin', 'Jones', 'Klein', 'Lopez', 'Mason',
                'Nolan', 'Ochoa', 'Patel', 'Quinn', 'Reyes', 'Smith', 'Usman'])[(1 + n % 20)::int] || ' ' || n;
create temporary table district (tenant uuid primary key, enrollments bigint not null);
insert into district select t::uuid, :n from unnest(string_to_array(:'tenants', ',')) t;

insert into roster.school (tenant_id, school_id, name, name_key, status, timezone, external_refs, version, created_at, updated_at)
select tenant, pg_temp.id(1, i), 'School ' || i, 'school ' || i, 'Active', 'America/Chicago', '[]', 1, now(), now()
from district, generate_series(0, enrollments / 5000) i;

insert into roster.class (tenant_id, class_id, school_id, name, name_key, term_ids, subject, status, external_refs, version, created_at,
  updated_at)
select tenant, pg_temp.id(2, i), pg_temp.id(1, i % (enrollments / 5000 + 1)), 'Class ' || i, 'class ' || i, '{}', 'Mathematics', 'Active',
       '[]', 1, now(), now()
from district, generate_series(0, (enrollments - 1) / 25) i;

insert into roster.student (tenant_id, student_id, given_name, family_name, name_key, given_key, grade, school_ids, status, external_refs,
  version, created_at, updated_at)
select tenant, pg_temp.id(3, i), 'Ada', f, lower(f) || ' ada', 'ada ' || lower(f), '05', array[pg_temp.id(1, i % (enrollments / 5000 + 1))],
       'Active', jsonb_build_array(jsonb_build_object('source', 'sis', 'value', 'N-' || i)), 1, now(), now()
from district, generate_series(0, (enrollments - 1) / 5) i, pg_temp.family(i) f;
insert into roster.student_school (tenant_id, student_id, school_id)
select tenant, pg_temp.id(3, i), pg_temp.id(1, i % (enrollments / 5000 + 1)) from district, generate_series(0, (enrollments - 1) / 5) i;
insert into roster.external_id (tenant_id, source, kind, value, entity_id)
select tenant, 'sis', 'student', 'N-' || i, pg_temp.id(3, i) from district, generate_series(0, (enrollments - 1) / 5) i;

insert into roster.staff (tenant_id, staff_id, staff_type, given_name, family_name, name_key, given_key, school_ids, status, external_refs,
  version, created_at, updated_at)
select tenant, pg_temp.id(4, i), '{teacher}', 'Grace', f, lower(f) || ' grace', 'grace ' || lower(f), '{}', 'Active', '[]', 1, now(), now()
from district, generate_series(0, (enrollments - 1) / 125) i, pg_temp.family(i) f;
insert into roster.class_teacher (tenant_id, assignment_id, class_id, staff_id, role, assigned_at)
select tenant, pg_temp.id(5, i), pg_temp.id(2, i), pg_temp.id(4, i / 5), 'Lead', now() from district, generate_series(0, (enrollments - 1) / 25) i;

-- Student i is in five classes of their own: each class gets 25 of the students.
insert into roster.enrollment (tenant_id, enrollment_id, student_id, class_id, school_id, status, effective_start, version, created_at,
  updated_at)
select tenant, pg_temp.id(6, i), pg_temp.id(3, i % greatest(enrollments / 5, 1)), pg_temp.id(2, i / 25), pg_temp.id(1, (i / 25) % (enrollments / 5000 + 1)),
       'Active', '2026-09-01', 1, now(), now()
from district, generate_series(0, enrollments - 1) i;

-- The lists of schools by name, as the server keeps them.
insert into roster.school_student (tenant_id, school_id, listed_as, student_id)
select s.tenant_id, r.school_id, s.name_key, s.student_id
from district d
join roster.student s on s.tenant_id = d.tenant
join (select tenant_id, student_id, school_id from roster.student_school
      union select tenant_id, student_id, school_id from roster.enrollment) r on r.tenant_id = s.tenant_id and r.student_id = s.student_id;
