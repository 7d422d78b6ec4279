create or replace function private.lease_over_at(p_lease private.leases)
returns timestamptz
language sql
stable
as $$
    select least(p_lease.lease_expires_at, p_lease.timeout_at, private.progress_due_at(p_lease))
$$;
comment on function private.lease_over_at is
    'When a held job is taken back unless its robot renews the lease, reports progress or ends the job before.';
revoke all on function private.lease_over_at from public, anon, authenticated, service_role;
