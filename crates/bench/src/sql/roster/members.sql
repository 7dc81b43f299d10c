-- Who is in a class, as the server asks.
\set n random(0, :classes - 1)
BEGIN READ ONLY;
SELECT set_config('steward.tenant', :tenant, true);
select t.status from kernel.tenant t where t.tenant_id = :tenant::uuid;
select class_id, school_id, name, name_key, term_ids, course_title, course_code, subject, status, external_refs, version, created_at, updated_at
from roster.class where tenant_id = :tenant::uuid and class_id = ('00000002' || lpad(to_hex(:n::bigint), 24, '0'))::uuid;
select s.student_id, s.given_name, s.family_name, s.grade, e.enrollment_id, e.effective_start, e.effective_end
from roster.enrollment e
join roster.student s on s.tenant_id = e.tenant_id and s.student_id = e.student_id
where e.tenant_id = :tenant::uuid and e.class_id = ('00000002' || lpad(to_hex(:n::bigint), 24, '0'))::uuid and e.status = 'Active'
order by s.name_key, s.student_id, e.effective_start;
select s.staff_id, s.given_name, s.family_name, t.role, t.assigned_at
from roster.class_teacher t
join roster.staff s on s.tenant_id = t.tenant_id and s.staff_id = t.staff_id
where t.tenant_id = :tenant::uuid and t.class_id = ('00000002' || lpad(to_hex(:n::bigint), 24, '0'))::uuid and t.removed_at is null
order by s.name_key, s.staff_id;
ROLLBACK;
