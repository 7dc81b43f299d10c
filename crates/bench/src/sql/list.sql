-- The first page of schools.
BEGIN READ ONLY;
SELECT set_config('steward.tenant', :tenant, true);
select t.status from kernel.tenant t where t.tenant_id = :tenant::uuid;
select school_id, name, name_key, status, timezone, external_refs, version, created_at, updated_at
from roster.school s
where tenant_id = :tenant::uuid and (name_key, school_id) > ('', '00000000-0000-0000-0000-000000000000'::uuid)
order by name_key asc, school_id asc limit 51;
ROLLBACK;
