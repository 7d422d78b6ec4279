create or replace function private.check_batch(p_items jsonb, p_field text, p_what text, p_most integer)
returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if jsonb_typeof(p_items) is distinct from 'array' or jsonb_array_length(p_items) not between 1 and p_most then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', format('%s must be a list of 1 to %s %s.', p_field, p_most, p_what)
        );
    end if;
    return p_items;
end
$$;
comment on function private.check_batch is
    'The items of a batch. Raises 400 INVALID_ARGUMENT for what is no list, and for an empty or too long one.';
revoke all on function private.check_batch from public, anon, authenticated, service_role;
