-- Without a SET clause, so that it is inlined into claim_jobs; explain_job and explain_robot ask it, too.
create or replace function private.robot_may_claim(p_mode public.robot_mode, p_is_signed_off boolean, p_quarantined_at timestamptz)
returns boolean
language sql
immutable
as $$
    select p_mode = 'active' and not coalesce(p_is_signed_off, false) and p_quarantined_at is null
$$;
comment on function private.robot_may_claim is
    'Whether a robot gets jobs at all, whatever it can do and whatever waits; p_is_signed_off: it said itself that it takes none.';
revoke all on function private.robot_may_claim from public, anon, authenticated, service_role;
