create or replace function private.waiting_quota(p_plan public.tenant_plan, p_settings jsonb)
returns integer
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select private.setting_number(
        p_settings, '{queue,max_waiting}', 0, 1000000000, case p_plan when 'free' then 1000000 when 'pro' then 10000000 end
    )
$$;
comment on function private.waiting_quota is
    'How many jobs of a tenant may wait, delayed ones included: by its plan, or settings {"queue": {"max_waiting": 1000}}; null: any number.';
revoke all on function private.waiting_quota from public, anon, authenticated, service_role;
