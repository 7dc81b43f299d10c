-- How PostgreSQL would read the members of a class, were it free to choose.
explain select s.student_id, s.given_name, s.family_name, s.grade, e.enrollment_id, e.effective_start, e.effective_end
from roster.enrollment e
join roster.student s on s.tenant_id = e.tenant_id and s.student_id = e.student_id
where e.tenant_id = :'tenant'::uuid and e.class_id = '00000002-0000-0000-0000-000000000007' and e.status = 'Active'
order by s.name_key, s.student_id, e.effective_start;
