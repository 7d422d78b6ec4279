-- On the path of every claim and every policy. The claims say who somebody is and which tenant they mean; whether that is
-- (still) so is looked up here, so that a removed member, a logged-out session or a revoked key loses access at its next
-- statement and not when the token expires. Nothing is taken from user_metadata, which users write themselves.
create or replace function private.caller()
returns private.caller
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
    v_app jsonb := v_claims -> 'app_metadata';
    v_caller private.caller;
    v_kind public.api_key_kind;
    v_claimed_tenant_id uuid := (v_app ->> 'tenant_id')::uuid;
    v_claimed_robot_id uuid;
begin
    if v_claims is null then
        return null;
    end if;

    if v_app ->> 'principal' in ('robot', 'service') then
        v_claimed_robot_id := (v_app ->> 'robot_id')::uuid;
        select k.kind, k.tenant_id, k.robot_id, k.api_key_id, k.scopes
        into v_kind, v_caller.tenant_id, v_caller.robot_id, v_caller.api_key_id, v_caller.permissions
        from public.api_keys as k
        join public.tenants as t on t.tenant_id = k.tenant_id
        where k.api_key_id = (v_app ->> 'api_key_id')::uuid
            and k.revoked_at is null
            and (k.expires_at is null or k.expires_at > private.clock())
            and t.deleted_at is null;
        if v_caller.tenant_id is distinct from v_claimed_tenant_id
            or v_caller.tenant_id is null
            or v_kind::text <> v_app ->> 'principal'
            or v_claimed_robot_id <> v_caller.robot_id
            or (v_claimed_robot_id is not null and v_caller.robot_id is null)
        then
            return null;
        end if;
        v_caller.principal := v_kind::text;
        if v_kind = 'robot' then
            if v_caller.robot_id is null then
                v_caller.permissions := '{}';   -- not bound yet: may register, which asks for no permission
            else
                perform from public.robots as r
                where r.robot_id = v_caller.robot_id and r.tenant_id = v_caller.tenant_id and r.deleted_at is null;
                if not found then
                    return null;
                end if;
                v_caller.permissions := '{jobs.claim,jobs.report,robots.heartbeat}';    -- as the built-in role robot
            end if;
        end if;
        return v_caller;
    end if;

    v_caller.user_id := private.authenticate_user(v_claims);
    if v_caller.user_id is null then
        return null;
    end if;
    v_caller.tenant_id := private.select_tenant_id(v_caller.user_id, v_claimed_tenant_id);
    if v_caller.tenant_id is null then
        return null;
    end if;
    v_caller.principal := 'user';
    v_caller.permissions := private.list_member_permissions(v_caller.tenant_id, v_caller.user_id);
    return v_caller;
end
$$;
comment on function private.caller() is
    'Who makes this request, verified against the tables at every statement; null when the claims name nobody who may act now.';
revoke all on function private.caller() from public, anon, authenticated, service_role;
grant execute on function private.caller() to authenticated;
