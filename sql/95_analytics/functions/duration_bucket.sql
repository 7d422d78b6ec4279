create or replace function private.duration_bucket(p_duration_ms bigint)
returns integer
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select case when p_duration_ms < 1 then 0 else 1 + ceil(ln(p_duration_ms::double precision) / ln(1.08::double precision))::integer end
$$;
comment on function private.duration_bucket is
    'The bucket of a duration: 0 for less than a millisecond, else 1 + n for up to 1.08 to the n milliseconds. Its inverse is private.bucket_duration_ms().';
revoke all on function private.duration_bucket from public, anon, authenticated, service_role;
