-- Without a SET clause, so that it is inlined. A limit of the whole tenant is none of a lane: claims ask for it once.
create or replace function private.find_job_limits(p_tenant_id uuid, p_workflow_id uuid, p_concurrency_key text)
returns table (workflow_limit_id integer, key_limit_id integer)
language sql
stable
as $$
    select
        (
            select w.limit_id
            from private.limits as w
            where w.tenant_id = p_tenant_id and w.scope = 'workflow' and w.workflow_id = p_workflow_id
        ),
        case
            when p_concurrency_key is not null then (
                select w.limit_id
                from private.limits as w
                where w.tenant_id = p_tenant_id
                    and w.scope = 'key'
                    and w.workflow_id is null
                    and w.concurrency_key = p_concurrency_key
            )
        end
$$;
comment on function private.find_job_limits is
    'The limits that decide in which lane a job stands: of its workflow and of its concurrency key, if they are set.';
revoke all on function private.find_job_limits from public, anon, authenticated, service_role;
