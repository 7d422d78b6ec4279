create or replace function private.bucket_duration_ms(p_bucket integer)
returns double precision
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select case when p_bucket = 0 then 0 else 2 * power(1.08::double precision, p_bucket - 1) / 2.08 end
$$;
comment on function private.bucket_duration_ms is
    'The duration that stands for a bucket: no duration in it differs from that by more than 4 percent.';
revoke all on function private.bucket_duration_ms from public, anon, authenticated, service_role;
