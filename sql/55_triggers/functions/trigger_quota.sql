create or replace function private.trigger_quota(p_plan public.tenant_plan)
returns integer
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select case p_plan when 'free' then 100 when 'pro' then 1000 else 10000 end
$$;
comment on function private.trigger_quota is 'How many triggers a tenant may have, by its plan.';
revoke all on function private.trigger_quota from public, anon, authenticated, service_role;
