create or replace function private.actor_id()
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
end
$$;
comment on function private.actor_id is
    'The subject of the request''s claims, to be written down as the one who did it; null for the system. It decides nothing: see private.caller().';
revoke all on function private.actor_id from public, anon, authenticated, service_role;
