-- Functions that column defaults need stand here, before the tables; every other function has a file of its own.

-- Without a SET clause, so that it is inlined: it is no security definer and names everything with its schema.
create or replace function private.clock()
returns timestamptz
language sql
stable
as $$
    select coalesce(nullif(pg_catalog.current_setting('casare.now', true), '')::timestamptz, pg_catalog.now())
$$;
comment on function private.clock is
    'The time that every rule goes by: the transaction''s, unless a test sets casare.now. Clients of the Data API cannot set it.';
revoke all on function private.clock from public, anon, authenticated, service_role;

create or replace function private.uuid_v7(p_at timestamptz default clock_timestamp())
returns uuid
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_micros bigint := date_part('epoch', p_at) * 1000000;
begin
    return encode(
        overlay(
            uuid_send(gen_random_uuid())
            placing int8send(((v_micros / 1000) << 16) | 28672 | ((v_micros % 1000) * 4096 / 1000))
            from 1
        ),
        'hex'
    )::uuid;
end
$$;
comment on function private.uuid_v7 is
    'A UUID of version 7 (RFC 9562): 48 bits of milliseconds, 12 bits of the millisecond''s fraction, 62 random bits. Ids sort by creation.';
revoke all on function private.uuid_v7 from public, anon, authenticated, service_role;
