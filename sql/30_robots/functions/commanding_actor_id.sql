create or replace function private.commanding_actor_id()
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
begin
    return case when v_caller.principal <> 'robot' then coalesce(v_caller.user_id, v_caller.api_key_id) end;
end
$$;
comment on function private.commanding_actor_id is
    'The user or service key on whose word a robot is told something; null when a robot''s report or a duty led to it.';
revoke all on function private.commanding_actor_id from public, anon, authenticated, service_role;
