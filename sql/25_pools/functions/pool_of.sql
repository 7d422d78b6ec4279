create or replace function private.pool_of(p_required text[])
returns uuid
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (select substr(w, 6)::uuid from unnest(p_required) as w where w like 'pool:%');
end
$$;
comment on function private.pool_of is 'The pool that a lane requires; null for none.';
revoke all on function private.pool_of from public, anon, authenticated, service_role;
