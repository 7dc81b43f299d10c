-- Small districts beside the large one: their ids.
with made as (
  insert into kernel.tenant (tenant_id, name, name_key, region, status, capabilities, external_refs, version, created_at, updated_at)
  select gen_random_uuid(), 'Small District ' || i, 'small district ' || i, 'default', 'Active', '[]', '[]', 1, now(), now()
  from generate_series(1, :count) i returning tenant_id)
select string_agg(tenant_id::text, ',') from made;
