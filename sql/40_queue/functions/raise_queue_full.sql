create or replace function private.raise_queue_full()
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.raise_error(
        429, 'QUEUE_FULL', 'As many jobs wait as the plan of the tenant allows; try again when some have been done.', '60'
    );
end
$$;
comment on function private.raise_queue_full is
    'Raises 429 QUEUE_FULL, with the seconds after which to try again.';
revoke all on function private.raise_queue_full from public, anon, authenticated, service_role;
