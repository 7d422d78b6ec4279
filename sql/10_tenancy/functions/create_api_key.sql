create or replace function public.create_api_key(
    p_kind public.api_key_kind,
    p_name text,
    p_key_hash bytea,
    p_prefix text,
    p_robot_id uuid default null,
    p_scopes text[] default '{}',
    p_expires_at timestamptz default null
)
returns public.api_key_summary
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('api_keys.write');
    v_scopes text[] := array(select distinct replace(s.scope, ':', '.') as scope from unnest(p_scopes) as s (scope) order by scope);
begin
    if p_kind is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'kind must be robot or service.');
    end if;
    if p_kind = 'robot' then
        if v_scopes <> '{}' then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'scopes: a robot key has none of its own.');
        end if;
        perform from public.robots as r
        where r.robot_id = p_robot_id and r.tenant_id = v_caller.tenant_id and r.deleted_at is null;
        if not found and p_robot_id is not null then
            perform private.raise_error(404, 'ROBOT_NOT_FOUND', 'There is no such robot.');
        end if;
    else
        if p_robot_id is not null then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'robot_id: a service key belongs to no robot.');
        end if;
        if v_scopes = '{}' then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'scopes must name at least one permission.');
        end if;
        perform private.check_permissions_exist('scopes', v_scopes);
    end if;
    if p_expires_at <= private.clock() or p_expires_at > private.clock() + interval '1000 years' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'expires_at must lie in the next 1000 years.');
    end if;
    return private.insert_api_key(v_caller, p_kind, p_name, p_key_hash, p_prefix, p_robot_id, v_scopes, p_expires_at);
end
$$;
comment on function public.create_api_key(public.api_key_kind, text, bytea, text, uuid, text[], timestamptz) is
    'Stores a new key by its SHA-256: of a robot (or of the first robot that registers with it), or of a program with scopes that the caller has.';
revoke all on function public.create_api_key(public.api_key_kind, text, bytea, text, uuid, text[], timestamptz)
    from public, anon, authenticated, service_role;
grant execute on function public.create_api_key(public.api_key_kind, text, bytea, text, uuid, text[], timestamptz) to authenticated;
