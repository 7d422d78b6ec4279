-- The bare queue that the product's is measured against: one table, one partial index, SKIP LOCKED and an UPDATE.
-- No tenants, no lanes, no leases, no fencing, no events: what the same server does when nothing is asked of it.
drop table if exists public.bare_jobs;
create table public.bare_jobs (
    job_id uuid primary key default gen_random_uuid(),
    seq bigint generated always as identity,
    status text not null default 'queued',
    priority smallint not null default 10,
    input jsonb not null default '{}',
    result jsonb,
    finished_at timestamptz
) with (fillfactor = 80);
create index bare_jobs_ready_idx on public.bare_jobs (priority, seq) where status = 'queued';
