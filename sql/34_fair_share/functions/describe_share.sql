create or replace function private.describe_share(p_share private.shares)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'workflow_id', (p_share).workflow_id,
        'workflow_name', (
            select w.name from public.workflows as w where w.workflow_id = (p_share).workflow_id
        ),
        'weight', (p_share).weight,
        'load', round(private.share_load((p_share).share_id, private.clock())::numeric, 1),
        'running', (select count(*) from private.leases as l where l.share_id = (p_share).share_id)
    )
$$;
comment on function private.describe_share is 'A share as it is shown.';
revoke all on function private.describe_share from public, anon, authenticated, service_role;
