-- For values on their way in: those are not compressed, a hundred levels take eight bytes each, and what is smaller costs
-- nothing to judge.
create or replace function private.is_deep_json(p_value jsonb)
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return pg_column_size(p_value) > 800 and jsonb_path_exists(p_value, 'strict $.**{101}');
end
$$;
comment on function private.is_deep_json is
    'Whether something lies deeper than a hundred levels of objects and lists: such a value is refused, because readers of JSON give up on it. Null for null.';
revoke all on function private.is_deep_json from public, anon, authenticated, service_role;
