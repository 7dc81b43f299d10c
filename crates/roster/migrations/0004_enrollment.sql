-- Who is in which class when, and who teaches it.

create table roster.enrollment (
  tenant_id uuid not null,
  enrollment_id uuid not null,
  student_id uuid not null,
  class_id uuid not null,
  school_id uuid not null,                    -- the class's, which never changes
  status text collate "C" not null constraint enrollment_status check (status in ('Active', 'Withdrawn')),
  effective_start date not null,
  effective_end date constraint enrollment_ends check (effective_end >= effective_start),  -- the first day outside
  during daterange not null generated always as (daterange(effective_start, effective_end, '[)')) stored,
  reason text,                                -- of the withdrawal
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, enrollment_id),
  foreign key (tenant_id, student_id) references roster.student,
  foreign key (tenant_id, class_id) references roster.class,
  foreign key (tenant_id, school_id) references roster.school,
  constraint enrollment_overlaps exclude using gist (tenant_id with =, student_id with =, class_id with =, during with &&));
create index enrollment_by_student on roster.enrollment (tenant_id, student_id, status, effective_start, enrollment_id);
create index enrollment_by_class on roster.enrollment (tenant_id, class_id, status, student_id);
create index enrollment_by_school on roster.enrollment (tenant_id, school_id, student_id) where status = 'Active';

create table roster.class_teacher (
  tenant_id uuid not null,
  assignment_id uuid not null,
  class_id uuid not null,
  staff_id uuid not null,
  role text collate "C" not null constraint class_teacher_role check (role in ('Lead', 'Assistant')),
  assigned_at timestamptz not null,
  removed_at timestamptz,
  primary key (tenant_id, assignment_id),
  foreign key (tenant_id, class_id) references roster.class,
  foreign key (tenant_id, staff_id) references roster.staff);
create unique index class_teacher_once on roster.class_teacher (tenant_id, class_id, staff_id) where removed_at is null;
create index class_teacher_by_staff on roster.class_teacher (tenant_id, staff_id, class_id) where removed_at is null;

do $$ declare t text; begin
  foreach t in array array['enrollment', 'class_teacher'] loop
    execute format('alter table roster.%I enable row level security, force row level security', t);
    execute format('create policy tenant on roster.%I to steward_app using (tenant_id = kernel.tenant()) with check (tenant_id = kernel.tenant())', t);
  end loop; end $$;
grant select, insert, update on roster.enrollment, roster.class_teacher to steward_app;
