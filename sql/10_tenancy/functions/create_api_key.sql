create or replace function public.create_api_key(
    p_kind public.api_key_kind,
    p_name text,
    p_key_hash bytea,
    p_prefix text,
    p_robot_id uuid default null,
    p_scopes text[] default '{}',
    p_expires_at timestamptz default null,
    p_robot text default null       -- or by its id or its external id, which may be one that no robot has yet
)
returns public.api_key_summary
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('api_keys.write');
    v_robot_id uuid;
    v_external_id text;     -- of a robot that is not there yet
    v_scopes text[] := array(select distinct replace(s.scope, ':', '.') as scope from unnest(p_scopes) as s (scope) order by scope);
begin
    if p_kind is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'kind must be robot or service.');
    end if;
    if p_kind = 'robot' then
        if v_scopes <> '{}' then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'scopes: a robot key has none of its own.');
        end if;
        if p_robot_id is not null and p_robot is not null then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'robot_id and robot must not both be given.');
        end if;
        select r.robot_id into v_robot_id
        from public.robots as r
        where r.tenant_id = v_caller.tenant_id
            and r.deleted_at is null
            and (r.robot_id = p_robot_id or r.robot_id::text = lower(p_robot) or r.external_id = p_robot)
        order by r.external_id = p_robot    -- an external id may look like a UUID; the robot's own id wins
        limit 1;
        -- A robot gets its own id when it comes: nobody can mean one that is not there by that.
        if not found and p_robot ~ '^[A-Za-z0-9_-]{1,64}$' and p_robot !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
            v_external_id := p_robot;
        elsif not found and coalesce(p_robot_id::text, p_robot) is not null then
            perform private.raise_error(404, 'ROBOT_NOT_FOUND', 'There is no such robot.');
        end if;
    else
        if coalesce(p_robot_id::text, p_robot) is not null then
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
    return private.insert_api_key(
        v_caller, p_kind, p_name, p_key_hash, p_prefix, v_robot_id, v_external_id, v_scopes, p_expires_at
    );
end
$$;
comment on function public.create_api_key is
    'Stores a new key by its SHA-256: of a robot (one that is not there yet registers with it under that name and no other; none: the first that registers with it), or of a program with scopes that the caller has. Raises 404 ROBOT_NOT_FOUND.';
revoke all on function public.create_api_key from public, anon, authenticated, service_role;
grant execute on function public.create_api_key to authenticated;
