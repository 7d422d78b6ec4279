create or replace function private.ageing_minutes(p_settings jsonb)
returns integer
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_minutes jsonb := p_settings #> '{queue,ageing_minutes}';
begin
    return case
        when jsonb_typeof(v_minutes) = 'number' and v_minutes::numeric between 0 and 100000 then v_minutes::integer
        else 30
    end;
end
$$;
comment on function private.ageing_minutes is
    'After how many minutes without a claim a lane of a tenant with these settings is promoted: {"queue": {"ageing_minutes": 30}}, 0 for never.';
revoke all on function private.ageing_minutes from public, anon, authenticated, service_role;
