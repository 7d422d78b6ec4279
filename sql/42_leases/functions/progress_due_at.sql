create or replace function private.progress_due_at(p_lease private.leases)
returns timestamptz
language sql
stable
as $$
    select coalesce(p_lease.progress_at, p_lease.started_at, p_lease.claimed_at)
        + make_interval(secs => p_lease.progress_timeout_seconds) + p_lease.away
$$;
comment on function private.progress_due_at is
    'When a held job is taken back unless its robot reports progress before; null when the job has no progress_timeout_seconds.';
revoke all on function private.progress_due_at from public, anon, authenticated, service_role;
