-- What waits is counted up to 100,000, so that the answer costs the same however long the queue is.
create or replace function public.list_quotas()
returns table (name text, used bigint, most bigint, meaning text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    v_caller private.caller := private.authorize('settings.read');
    v_tenant_no integer := (select q.tenant_no from private.queue_tenants as q where q.tenant_id = v_caller.tenant_id);
begin
    return query
    select s.name, s.used, s.most, s.meaning
    from public.tenants as t
    cross join lateral (
        values
            (
                'jobs_waiting',
                (
                    select count(*)
                    from (
                        select from private.ready as r where r.tenant_no = v_tenant_no
                        union all
                        select from private.scheduled as s where s.tenant_id = v_caller.tenant_id
                        limit 100000
                    ) as w
                ),
                private.waiting_quota(t.plan, t.settings)::bigint,
                'Jobs that wait, delayed ones included, counted up to 100,000; null: any number. Beyond, new jobs are refused with QUEUE_FULL.'
            ),
            (
                'triggers',
                (select count(*) from public.triggers as g where g.tenant_id = v_caller.tenant_id and g.deleted_at is null),
                private.trigger_quota(t.plan)::bigint,
                'Triggers.'
            ),
            (
                'calendars',
                (select count(*) from public.calendars as c where c.tenant_id = v_caller.tenant_id),
                (select q.max_calendars::bigint from private.calendar_quotas as q where q.plan = t.plan),
                'Business calendars.'
            ),
            (
                'open_invitations',
                (
                    select count(*)
                    from public.invitations as i
                    where i.tenant_id = v_caller.tenant_id
                        and i.accepted_at is null
                        and i.revoked_at is null
                        and i.expires_at > private.clock()
                ),
                private.invitation_quota()::bigint,
                'Invitations that nobody has accepted yet.'
            ),
            (
                'roles',
                (select count(*) from public.roles as r where r.tenant_id = v_caller.tenant_id),
                private.role_quota()::bigint,
                'Roles of its own.'
            )
    ) as s (name, used, most, meaning)
    where t.tenant_id = v_caller.tenant_id;
end
$$;
comment on function public.list_quotas is
    'What the plan of the caller''s tenant allows of jobs that wait, triggers, calendars, open invitations and own roles, and how much of each is used. Needs settings.read.';
revoke all on function public.list_quotas from public, anon, authenticated, service_role;
grant execute on function public.list_quotas to authenticated;
