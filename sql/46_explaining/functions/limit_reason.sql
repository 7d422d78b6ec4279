create or replace function private.limit_reason(p_limit private.limits)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return p_limit.scope || case when p_limit.max_running = 0 then '_paused' else '_limit_reached' end;
end
$$;
comment on function private.limit_reason is
    'The reason code of what a full limit keeps from running; null for none. A limit of 0 ends by nothing that runs: somebody paused the work.';
revoke all on function private.limit_reason from public, anon, authenticated, service_role;
