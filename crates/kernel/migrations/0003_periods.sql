-- Periods of one thing that must not overlap (enrolments of a student in a class) are exclusion constraints over GiST, which
-- compares ids only with this extension. It is trusted since PostgreSQL 13: the owner of the database may make it.
create extension if not exists btree_gist with schema kernel;
