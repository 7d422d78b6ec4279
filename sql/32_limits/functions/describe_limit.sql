create or replace function private.describe_limit(p_limit private.limits)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'scope', (p_limit).scope,
        'workflow_id', (p_limit).workflow_id,
        'concurrency_key', (p_limit).concurrency_key,
        'max_running', (p_limit).max_running,
        'on_collision', (p_limit).on_collision,
        'running', (
            select coalesce(sum(c.running), 0) from private.limit_counters as c where c.limit_id = (p_limit).limit_id
        ),
        'updated_at', private.to_iso((p_limit).updated_at)
    )
$$;
comment on function private.describe_limit is 'A limit as it is shown.';
revoke all on function private.describe_limit from public, anon, authenticated, service_role;
