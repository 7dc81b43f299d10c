-- Imports: which rows of a source's files enrolments and class teachers come from, and where faults of a package are.

create table roster.source_row (
  tenant_id uuid not null,
  source text collate "C" not null,
  kind text collate "C" not null constraint source_row_kind check (kind in ('enrollment', 'assignment')),
  value text collate "C" not null,            -- the row's own id; after an end and a return it stands for several
  entity_id uuid not null,
  primary key (tenant_id, entity_id, source, value));
alter table roster.source_row enable row level security, force row level security;
create policy tenant on roster.source_row to steward_app using (tenant_id = kernel.tenant()) with check (tenant_id = kernel.tenant());
grant select, insert, delete on roster.source_row to steward_app;

-- Results of a package's rows have their number from us, as the files number theirs each by itself.
alter table roster.bulk_job_result
  add file text collate "C",
  add line int,
  add "column" text collate "C";

-- A trial changes nothing: it may run beside an import of the same source, for instance while that is held.
drop index roster.bulk_job_import_runs;
create unique index bulk_job_import_runs on roster.bulk_job (tenant_id, source)
  where job_type = 'OneRoster' and status in ('Pending', 'Running', 'Held') and options -> 'dryRun' = 'false';
