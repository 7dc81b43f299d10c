-- Terms, rooms and classes.

create table roster.term (
  tenant_id uuid not null,
  term_id uuid not null,
  title text not null,
  title_key text collate "C" not null,
  type text collate "C" not null constraint term_type check (type in ('schoolYear', 'semester', 'term', 'gradingPeriod')),
  start_date date not null,
  end_date date not null constraint term_ends check (end_date >= start_date),
  parent_id uuid,
  school_year int not null,                   -- the year in which it ends
  external_refs jsonb not null,
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, term_id),
  constraint term_parent foreign key (tenant_id, parent_id) references roster.term);
create index term_by_title on roster.term (tenant_id, title_key, term_id);
create index term_by_parent on roster.term (tenant_id, parent_id);

create table roster.room (
  tenant_id uuid not null,
  room_id uuid not null,
  school_id uuid not null,
  name text not null,
  name_key text collate "C" not null,
  capacity int constraint room_capacity check (capacity > 0),
  status text collate "C" not null constraint room_status check (status in ('Active', 'Archived')),
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, room_id),
  foreign key (tenant_id, school_id) references roster.school);
create unique index room_name_taken on roster.room (tenant_id, school_id, name_key) where status = 'Active';
create index room_by_name on roster.room (tenant_id, name_key, room_id);

create table roster.class (
  tenant_id uuid not null,
  class_id uuid not null,
  school_id uuid not null,
  name text not null,                         -- not unique: six sections of Algebra 1 are normal
  name_key text collate "C" not null,
  term_ids uuid[] not null,                   -- as answered; roster.class_term is what is looked up
  course_title text,
  course_code text,
  subject text,
  status text collate "C" not null constraint class_status check (status in ('Active', 'Archived')),
  external_refs jsonb not null,
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, class_id),
  foreign key (tenant_id, school_id) references roster.school);
create index class_by_name on roster.class (tenant_id, name_key, class_id);
create index class_by_status on roster.class (tenant_id, status, name_key, class_id);
create index class_by_school on roster.class (tenant_id, school_id, status, name_key, class_id);

create table roster.class_term (
  tenant_id uuid not null,
  class_id uuid not null,
  term_id uuid not null,
  primary key (tenant_id, class_id, term_id),
  foreign key (tenant_id, class_id) references roster.class,
  constraint class_term_known foreign key (tenant_id, term_id) references roster.term);
create index class_term_by_term on roster.class_term (tenant_id, term_id, class_id);

do $$ declare t text; begin
  foreach t in array array['term', 'room', 'class', 'class_term'] loop
    execute format('alter table roster.%I enable row level security, force row level security', t);
    execute format('create policy tenant on roster.%I to steward_app using (tenant_id = kernel.tenant()) with check (tenant_id = kernel.tenant())', t);
  end loop; end $$;
grant select, insert, update on roster.term, roster.room, roster.class to steward_app;
grant select, insert, delete on roster.class_term to steward_app;
