-- The bare queue with leases: a claim gives the row a holder and a time limit, completion deletes it. The least that any
-- queue does whose claims can expire. No tenants, no identity, no fencing, no history, no events.
drop table if exists public.lease_jobs;
create table public.lease_jobs (
    seq bigint generated always as identity primary key,
    priority smallint not null default 10,
    input jsonb not null default '{}',
    lease_token bigint,
    lease_expires_at timestamptz
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
create index lease_jobs_ready_idx on public.lease_jobs (priority, seq) where lease_token is null;
drop sequence if exists public.lease_tokens;
create sequence public.lease_tokens;
