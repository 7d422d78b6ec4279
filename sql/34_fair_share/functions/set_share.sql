create or replace function public.set_share(p_workflow_id uuid, p_weight integer)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.write');
    v_share_id integer;
    v_share private.shares;
begin
    if p_weight not between 1 and 100 or p_weight is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'weight must be between 1 and 100.');
    end if;
    perform private.check_limit_name(v_caller.tenant_id, 'workflow', p_workflow_id, null);
    v_share_id := private.find_share(v_caller.tenant_id, p_workflow_id);
    update private.shares as s
    set weight = p_weight
    where s.share_id = v_share_id
    returning s.* into v_share;
    return private.describe_share(v_share);
end
$$;
comment on function public.set_share is
    'Sets the weight of a workflow''s share in the tenant''s robots: with weight 2 it gets twice the robot-seconds of one with 1, while both have jobs waiting. Counts when the tenant''s settings say {"queue": {"fair_share": true}}. Raises 404 WORKFLOW_NOT_FOUND. Needs settings.write.';
revoke all on function public.set_share from public, anon, authenticated, service_role;
grant execute on function public.set_share to authenticated;
