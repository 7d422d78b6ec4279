-- On the path of every claim and every policy. The claims say who somebody is and which tenant they mean; whether that is
-- (still) so is looked up here, so that a removed member, a logged-out session or a revoked key loses access at its next
-- statement and not when the token expires. Nothing is taken from user_metadata, which users write themselves.
create or replace function private.caller()
returns private.caller
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
    v_caller private.caller;
begin
    if v_claims is null then
        return null;
    end if;

    if v_claims -> 'app_metadata' ->> 'principal' in ('robot', 'service') then
        -- One statement, as every verb of a robot pays for it. A key that is not bound to a robot yet may register, which
        -- asks for no permission; the others of a robot are those of the built-in role robot.
        select
            k.kind,
            k.tenant_id,
            null,
            k.robot_id,
            k.api_key_id,
            case
                when k.kind = 'service' then k.scopes
                when k.robot_id is null then '{}'
                else '{jobs.claim,jobs.report,robots.heartbeat}'
            end
        into v_caller
        from (
            select
                (a.app ->> 'api_key_id')::uuid as api_key_id,
                (a.app ->> 'tenant_id')::uuid as tenant_id,
                (a.app ->> 'robot_id')::uuid as robot_id,
                (a.app ->> 'principal')::public.api_key_kind as kind
            from (select v_claims -> 'app_metadata' as app) as a
        ) as c
        join public.api_keys as k on k.api_key_id = c.api_key_id
        join public.tenants as t on t.tenant_id = k.tenant_id
        left join public.robots as r on r.robot_id = k.robot_id
        where k.tenant_id = c.tenant_id
            and k.kind = c.kind
            and (c.robot_id is null or c.robot_id = k.robot_id)
            and k.revoked_at is null
            and (k.expires_at is null or k.expires_at > private.clock())
            and t.deleted_at is null
            and (k.kind <> 'robot' or k.robot_id is null or (r.tenant_id = k.tenant_id and r.deleted_at is null));
        return v_caller;
    end if;

    v_caller.user_id := private.authenticate_user(v_claims);
    if v_caller.user_id is null then
        return null;
    end if;
    v_caller.tenant_id := private.select_tenant_id(
        v_caller.user_id, (v_claims -> 'app_metadata' ->> 'tenant_id')::uuid, (v_claims ->> 'session_id')::uuid
    );
    if v_caller.tenant_id is null then
        return null;
    end if;
    v_caller.principal := 'user';
    v_caller.permissions := private.list_member_permissions(v_caller.tenant_id, v_caller.user_id);
    return v_caller;
end
$$;
comment on function private.caller is
    'Who makes this request, verified against the tables at every statement; null when the claims name no caller who may act now.';
revoke all on function private.caller from public, anon, authenticated, service_role;
grant execute on function private.caller to authenticated;
