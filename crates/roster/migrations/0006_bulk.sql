-- Bulk jobs: what was uploaded, how far it is, and what became of each row.

create table roster.bulk_job (
  tenant_id uuid not null,
  job_id uuid not null,                       -- of the kernel's job that does it, too: what it changes carries it as correlation id
  job_type text collate "C" not null constraint bulk_job_type check (job_type in ('Students', 'Enrollments', 'Teachers', 'OneRoster')),
  status text collate "C" not null constraint bulk_job_status check (status in ('Pending', 'Running', 'Held', 'Completed', 'Failed')),
  source text collate "C",                    -- whose external ids the rows carry
  options jsonb not null,                     -- what else was asked
  format text collate "C" not null constraint bulk_job_format check (format in ('csv', 'jsonl', 'zip')),
  checksum text collate "C" not null,         -- SHA-256 of the file, hexadecimal
  bytes bigint not null,
  school_ids uuid[] not null,                 -- where the caller's permission ended; empty for the whole district
  total_rows int not null,
  processed_rows int not null,
  failed_rows int not null,
  place bigint not null,                      -- bytes of the file that are done
  line bigint not null,                       -- the line of the file at which the next row begins
  summary jsonb not null,
  error text,                                 -- why it failed as a whole
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  completed_at timestamptz,
  primary key (tenant_id, job_id));
-- The same file again is the same job. One that failed as a whole may be tried again; a package of the student information
-- system is compared with what is there now.
create unique index bulk_job_once on roster.bulk_job (tenant_id, job_type, checksum, source, options, school_ids) nulls not distinct
  where status <> 'Failed' and job_type <> 'OneRoster';
-- One import of a source at a time.
create unique index bulk_job_import_runs on roster.bulk_job (tenant_id, source)
  where job_type = 'OneRoster' and status in ('Pending', 'Running', 'Held');

-- The file until the job is over, in sealed pieces.
create table roster.bulk_chunk (
  tenant_id uuid not null,
  job_id uuid not null,
  number int not null,
  bytes bytea not null,
  primary key (tenant_id, job_id, number),
  foreign key (tenant_id, job_id) references roster.bulk_job);
alter table roster.bulk_chunk alter bytes set storage external;  -- sealed bytes do not compress

create table roster.bulk_job_result (
  tenant_id uuid not null,
  job_id uuid not null,
  row_number int not null,                    -- from 1, without the header
  status text collate "C" not null constraint bulk_job_result_status check (status in ('Succeeded', 'Failed', 'Skipped')),
  id uuid,                                    -- of the row's entity
  error_code text collate "C",
  error_message text,
  primary key (tenant_id, job_id, row_number),
  foreign key (tenant_id, job_id) references roster.bulk_job);
create index bulk_job_result_by_id on roster.bulk_job_result (tenant_id, job_id, id) where id is not null;
create index bulk_job_result_by_status on roster.bulk_job_result (tenant_id, job_id, status, row_number);

do $$ declare t text; begin
  foreach t in array array['bulk_job', 'bulk_chunk', 'bulk_job_result'] loop
    execute format('alter table roster.%I enable row level security, force row level security', t);
    execute format('create policy tenant on roster.%I to steward_app using (tenant_id = kernel.tenant()) with check (tenant_id = kernel.tenant())', t);
  end loop; end $$;
grant select, insert, update, delete on roster.bulk_job to steward_app;
grant select, insert, delete on roster.bulk_chunk, roster.bulk_job_result to steward_app;
