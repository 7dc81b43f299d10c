-- The list of a school's students by name: one for whom it is a school of their record, or of an active enrolment. It is
-- derived, and kept by what writes students and enrolments; a page of it costs the same in any district.

create table roster.school_student (
  tenant_id uuid not null,
  school_id uuid not null,
  listed_as text collate "C" not null,        -- the student's name_key
  student_id uuid not null,
  primary key (tenant_id, student_id, school_id),
  foreign key (tenant_id, student_id) references roster.student,
  foreign key (tenant_id, school_id) references roster.school);
create index school_student_by_name on roster.school_student (tenant_id, school_id, listed_as, student_id);

-- Policies bind the owner, too, and it has no tenant: for what it copies they are off, until the end of this transaction.
alter table roster.student no force row level security;
alter table roster.student_school no force row level security;
alter table roster.enrollment no force row level security;
insert into roster.school_student (tenant_id, school_id, listed_as, student_id)
select s.tenant_id, r.school_id, s.name_key, s.student_id
from roster.student s
join (select tenant_id, student_id, school_id from roster.student_school
      union
      select tenant_id, student_id, school_id from roster.enrollment where status = 'Active') r using (tenant_id, student_id);
alter table roster.student force row level security;
alter table roster.student_school force row level security;
alter table roster.enrollment force row level security;

alter table roster.school_student enable row level security, force row level security;
create policy tenant on roster.school_student to steward_app using (tenant_id = kernel.tenant()) with check (tenant_id = kernel.tenant());
grant select, insert, update, delete on roster.school_student to steward_app;
