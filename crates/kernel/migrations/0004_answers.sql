-- Stored answers are sealed from here on, and name what they show, so that they can be forgotten when it is scrubbed. That is
-- rare, and a tenant's answers of one day are few: the primary key finds them.
alter table kernel.idempotency add about uuid;
grant update (body) on kernel.idempotency to steward_app;
