create or replace function public.register_robot(
    p_external_id text,
    p_name text,
    p_hostname text default '',
    p_capabilities text[] default '{}',
    p_attributes jsonb default '{}',
    p_environment text default 'default',
    p_max_concurrent_jobs integer default 1,
    p_tags text[] default '{}',
    p_is_internet boolean default false,
    p_session_id uuid default null,     -- of the robot's process
    p_held_leases jsonb default null    -- [{job_id, lease_token}] that it knows; null says nothing
)
returns public.live_robots
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
    v_now timestamptz := private.clock();
    v_problem text;
    v_robot public.robots;
    v_live public.live_robots;
    v_is_robot boolean := v_caller.principal is not distinct from 'robot';
    v_is_news boolean := false;
    v_old_session_id uuid;
    v_was_alive_at timestamptz;
begin
    p_name := private.nfc(p_name);
    p_hostname := private.nfc(p_hostname);
    p_environment := private.nfc(p_environment);
    p_capabilities := private.nfc_words(p_capabilities);
    p_tags := private.nfc_words(p_tags);
    if not v_is_robot then
        v_caller := private.authorize('robots.write');
        if p_session_id is not null or p_held_leases is not null then
            perform private.raise_error(403, 'FORBIDDEN', 'session_id and held_leases are a robot''s to say, with its own key.');
        end if;
    end if;
    v_problem := case
        when p_external_id is null then 'robot_id must be given.'
        when p_name is null then 'name must be given.'
        when private.is_lease_list(p_held_leases) is false
            then 'held_leases must be a list of at most 1000 leases {job_id, lease_token}.'
        else private.find_robot_problem(
            p_external_id, p_name, p_hostname, p_capabilities, p_attributes, p_environment, p_max_concurrent_jobs, p_tags
        )
    end;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;

    -- One registration of an external id at a time.
    perform pg_advisory_xact_lock(private.registration_lock(), hashtext(v_caller.tenant_id::text || p_external_id));
    select r.* into v_robot
    from public.robots as r
    where r.tenant_id = v_caller.tenant_id and r.external_id = p_external_id and r.deleted_at is null;
    if v_is_robot and v_caller.robot_id is distinct from v_robot.robot_id then
        if v_caller.robot_id is not null then
            perform private.raise_error(403, 'FORBIDDEN', 'A robot''s key works for its own robot only.');
        elsif exists (
            select from public.api_keys as k
            where k.tenant_id = v_caller.tenant_id
                and k.robot_id = v_robot.robot_id
                and k.revoked_at is null
                and (k.expires_at is null or k.expires_at > v_now)
        ) then
            perform private.raise_error(409, 'ROBOT_ID_TAKEN', 'Another live key belongs to the robot with this id.');
        end if;
    end if;

    if v_is_robot and v_caller.robot_id is null and exists (
        select from public.api_keys as k where k.api_key_id = v_caller.api_key_id and k.robot_external_id <> p_external_id
    ) then
        perform private.raise_error(403, 'FORBIDDEN', 'This key was made for a robot with another id.');
    end if;
    if v_is_robot and v_robot.robot_id is not null then
        -- Before anything of the robot itself is changed, as whoever ends leases does. A process speaks of its leases once: its
        -- registration may come again, late, when it has claimed already.
        select
            h.session_id,
            case
                when h.is_online and h.last_heartbeat_at > v_now - make_interval(secs => t.robot_offline_after_seconds)
                    then h.last_heartbeat_at
            end
        into v_old_session_id, v_was_alive_at
        from public.robot_heartbeats as h
        join public.tenants as t on t.tenant_id = h.tenant_id
        where h.robot_id = v_robot.robot_id;
        if p_held_leases is not null and (v_old_session_id = p_session_id) is not true then
            perform pg_advisory_xact_lock(private.claims_lock(), hashtext(v_robot.robot_id::text));
            perform private.give_back_leases(
                v_robot.robot_id,
                array(
                    select l.job_id
                    from private.leases as l
                    where l.robot_id = v_robot.robot_id
                        and not p_held_leases @> jsonb_build_array(
                            jsonb_build_object('job_id', l.job_id, 'lease_token', l.lease_token)
                        )
                ),
                'The robot was started again and does not know it.',
                p_are_started_too => true
            );
        end if;
    end if;

    if v_robot.robot_id is null then
        insert into public.robots (
            tenant_id, external_id, name, hostname, environment, capabilities, attributes, tags, is_internet,
            max_concurrent_jobs, created_at, updated_at
        )
        values (
            v_caller.tenant_id, p_external_id, p_name, coalesce(p_hostname, ''), coalesce(p_environment, 'default'),
            private.sorted_words(p_capabilities), coalesce(p_attributes, '{}'), private.sorted_words(p_tags),
            coalesce(p_is_internet, false), coalesce(p_max_concurrent_jobs, 1), v_now, v_now
        )
        returning * into v_robot;
    else
        update public.robots as r
        set name = p_name,
            hostname = coalesce(p_hostname, ''),
            environment = coalesce(p_environment, 'default'),
            capabilities = private.sorted_words(p_capabilities),
            attributes = coalesce(p_attributes, '{}'),
            tags = private.sorted_words(p_tags),
            is_internet = coalesce(p_is_internet, false),
            max_concurrent_jobs = coalesce(p_max_concurrent_jobs, 1),
            updated_at = v_now
        where r.robot_id = v_robot.robot_id;
    end if;
    perform private.find_queue_tenant(v_caller.tenant_id);

    if v_is_robot then
        if v_caller.robot_id is null then
            update public.api_keys as k
            set robot_id = v_robot.robot_id
            where k.api_key_id = v_caller.api_key_id and k.robot_id is null;
            if not found then   -- bound meanwhile, by a registration of another id
                perform private.raise_error(403, 'FORBIDDEN', 'A robot''s key works for its own robot only.');
            end if;
        end if;
        -- A robot that was started again has been shut down.
        update public.robot_commands as c
        set superseded_at = v_now
        where c.tenant_id = v_caller.tenant_id
            and c.robot_id = v_robot.robot_id
            and c.command = 'shutdown'
            and c.acknowledged_at is null
            and c.superseded_at is null;
        v_is_news := private.bring_robot_online(v_caller.tenant_id, v_robot.robot_id, null, 'ok', p_session_id);
        update public.robot_heartbeats as h
        set session_id = p_session_id,
            other_session_at = case when v_old_session_id <> p_session_id then v_was_alive_at end
        where h.robot_id = v_robot.robot_id and h.session_id is distinct from p_session_id;
        if v_old_session_id <> p_session_id then    -- whoever speaks for the older one asks whether it was replaced
            perform private.broadcast('robot:' || v_robot.robot_id, 'session_replaced', '{}');
        end if;
    end if;
    perform private.announce_robot(
        case when v_is_news then 'robot.online' else 'robot.updated' end, v_robot.robot_id
    );
    select r.* into v_live from public.live_robots as r where r.robot_id = v_robot.robot_id;
    return v_live;
end
$$;
comment on function public.register_robot is
    'Makes or updates the robot with an external id and returns it. A robot''s key that belongs to no robot yet is bound by its first registration, under the name that it was made for if there is one; a bound one registers its own robot only. Jobs that the robot holds and a new process of it does not name among p_held_leases go back at once, uncounted. Users need robots.write. Raises 403 FORBIDDEN, 409 ROBOT_ID_TAKEN.';
revoke all on function public.register_robot from public, anon, authenticated, service_role;
grant execute on function public.register_robot to authenticated;
