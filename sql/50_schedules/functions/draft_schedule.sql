create or replace function private.draft_schedule(p_caller private.caller)
returns public.schedules
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_populate_record(
        null::public.schedules,
        jsonb_build_object(
            'schedule_id', private.uuid_v7(), 'tenant_id', t.tenant_id, 'timezone', t.timezone, 'is_enabled', true,
            'priority', 10, 'execution_mode', 'lan', 'environment', '*', 'required_capabilities', '[]'::jsonb,
            'required_tags', '[]'::jsonb, 'input', '{}'::jsonb, 'metadata', '{}'::jsonb, 'jitter_seconds', 0, 'on_closed_day', 'skip',
            'misfire_policy', 'once', 'misfire_cap', 10, 'overlap_policy', 'allow', 'max_consecutive_failures', 0,
            'run_count', 0, 'failure_count', 0, 'consecutive_failures', 0,
            'created_by', coalesce(p_caller.user_id, p_caller.api_key_id),
            'created_at', private.clock(), 'updated_at', private.clock()
        )
    )
    from public.tenants as t
    where t.tenant_id = p_caller.tenant_id
$$;
comment on function private.draft_schedule is
    'A schedule of the caller''s tenant of which nothing has been said yet: everything is at its default, the time zone is the tenant''s.';
revoke all on function private.draft_schedule from public, anon, authenticated, service_role;
