create or replace function private.uuid_v7_time(p_id uuid)
returns timestamptz
language sql
immutable
strict
set search_path = pg_catalog, pg_temp
as $$
    select to_timestamp(('x' || left(replace(p_id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
$$;
comment on function private.uuid_v7_time is 'When a UUID of version 7 was made, to the millisecond.';
revoke all on function private.uuid_v7_time from public, anon, authenticated, service_role;
