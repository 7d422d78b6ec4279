create or replace function private.waiting_quota(p_plan public.tenant_plan, p_settings jsonb)
returns integer
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_setting jsonb := p_settings #> '{queue,max_waiting}';
begin
    return case
        when jsonb_typeof(v_setting) = 'number' and v_setting::numeric between 0 and 1000000000 then v_setting::integer
        when p_plan = 'free' then 1000000
        when p_plan = 'pro' then 10000000
    end;
end
$$;
comment on function private.waiting_quota is
    'How many jobs of a tenant may wait, delayed ones included: by its plan, or settings {"queue": {"max_waiting": 1000}}; null: any number.';
revoke all on function private.waiting_quota from public, anon, authenticated, service_role;
