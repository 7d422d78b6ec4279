create or replace function private.setting_number(
    p_settings jsonb,
    p_path text[],
    p_least integer,
    p_most integer,
    p_default integer
)
returns integer
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_number jsonb := p_settings #> p_path;
begin
    return case
        when jsonb_typeof(v_number) = 'number' and v_number::numeric between p_least and p_most
            and v_number::numeric = trunc(v_number::numeric)
            then v_number::integer
        else p_default
    end;
end
$$;
comment on function private.setting_number is
    'A whole number of the settings of a tenant that lies in a range; the default for anything else.';
revoke all on function private.setting_number from public, anon, authenticated, service_role;
