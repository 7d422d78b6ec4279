-- Without a SET clause, so that it is inlined into claim_jobs; who explains asks it, too.
create or replace function private.limit_room(p_running integer, p_max_running integer)
returns integer
language sql
immutable
as $$
    select greatest(p_max_running - p_running, 0)
$$;
comment on function private.limit_room is
    'How many more jobs a counter of a limit has room for; 0 when it is full, or its limit was lowered while more were running.';
revoke all on function private.limit_room from public, anon, authenticated, service_role;
