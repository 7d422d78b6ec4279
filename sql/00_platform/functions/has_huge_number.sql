-- A number of a few bytes can have 131,072 digits when it is written out, and a text cannot have more than a gigabyte: a value of
-- such numbers could be stored, and nothing that holds it could ever be read. A value of less than 400 bytes has few of them.
create or replace function private.has_huge_number(p_value jsonb)
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return pg_column_size(p_value) > 400 and jsonb_path_exists(
        p_value,
        'strict $.** ? (@.type() == "number" && (@ >= 1e309 || @ <= -1e309 || @ != 0 && @ < 1e-400 && @ > -1e-400))'
    );
end
$$;
comment on function private.has_huge_number is
    'Whether a number lies beyond what readers of JSON know (a double: up to 1e308) or nearer to 0 than 1e-400: such a value is refused, as it is far longer as a text than it is stored. Null for null.';
revoke all on function private.has_huge_number from public, anon, authenticated, service_role;
