-- What waits for people, by slot of tenants: a node counts its own.
create index approval_pending on kernel.approval (kernel.slot(tenant_id)) where status = 'Pending';
