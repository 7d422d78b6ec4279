-- pg_cron is installed and this is its database: the platform's grants.
create extension if not exists pg_cron with schema pg_catalog;
grant usage on schema cron to postgres with grant option;
grant all on all functions in schema cron to postgres with grant option;
grant select on cron.job to postgres with grant option;
grant select, insert, update, delete on cron.job_run_details to postgres with grant option;
