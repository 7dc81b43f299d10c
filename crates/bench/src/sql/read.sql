-- One school.
BEGIN READ ONLY;
SELECT set_config('steward.tenant', :tenant, true);
select t.status from kernel.tenant t where t.tenant_id = :tenant::uuid;
select school_id, name, name_key, status, timezone, external_refs, version, created_at, updated_at
from roster.school where tenant_id = :tenant::uuid and school_id = :school::uuid;
ROLLBACK;
