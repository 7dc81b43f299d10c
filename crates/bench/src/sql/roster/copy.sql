-- The rows of an export of enrolments. COPY takes no variables: the statement is made of them.
\o /dev/null
select format('copy (select enrollment_id, student_id, class_id, school_id, status, effective_start, effective_end, reason, version,
                            created_at, updated_at from roster.enrollment where tenant_id = %L order by enrollment_id)
               to stdout with (format csv, header)', :'tenant') \gexec
