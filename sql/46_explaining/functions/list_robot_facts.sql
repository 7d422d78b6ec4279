create or replace function private.list_robot_facts(p_live public.live_robots)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return jsonb_build_object(
        'robot', p_live.external_id,
        'load', p_live.load,
        'slots', p_live.max_concurrent_jobs,
        'last_claim', private.to_words(p_live.last_claim_at),
        'last_seen', private.to_words(p_live.last_heartbeat_at),
        'quarantined', private.to_words(p_live.quarantined_at),
        'quarantine_reason', p_live.quarantine_reason,
        'robot_environment', p_live.environment
    );
end
$$;
comment on function private.list_robot_facts is
    'What sentences about a robot may say of it.';
revoke all on function private.list_robot_facts from public, anon, authenticated, service_role;
