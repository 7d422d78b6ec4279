create or replace function private.uuid_v7_floor(p_at timestamptz)
returns uuid
language sql
immutable
strict
set search_path = pg_catalog, pg_temp
as $$
    select encode(int8send((extract(epoch from p_at) * 1000)::bigint << 16) || '\x0000000000000000', 'hex')::uuid
$$;
comment on function private.uuid_v7_floor is
    'A UUID that is smaller than every UUID of version 7 made at or after a time, and greater than every one made a millisecond before.';
revoke all on function private.uuid_v7_floor from public, anon, authenticated, service_role;
