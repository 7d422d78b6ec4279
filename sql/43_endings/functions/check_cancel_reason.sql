create or replace function private.check_cancel_reason(p_reason text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if length(p_reason) > 1024 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'reason must not have more than 1024 characters.');
    end if;
    return coalesce(nullif(p_reason, ''), 'Cancelled.');
end
$$;
comment on function private.check_cancel_reason is
    'The reason of a cancellation as it is stored. Raises 400 INVALID_ARGUMENT for a text that is too long.';
revoke all on function private.check_cancel_reason from public, anon, authenticated, service_role;
