create or replace function public.update_robot(p_robot text, p_changes jsonb)
returns public.live_robots
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.write');
    v_robot public.robots := private.find_robot(v_caller.tenant_id, p_robot);
    v_new record;
    v_problem text;
    v_live public.live_robots;
begin
    if jsonb_typeof(p_changes) is distinct from 'object' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'The changes must be an object.');
    end if;
    begin
        select * into v_new
        from jsonb_to_record(p_changes) as c (
            name text, hostname text, capabilities text[], attributes jsonb, environment text, max_concurrent_jobs integer,
            tags text[], is_internet boolean, version text
        );
    exception
        when data_exception then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'A change has a value of the wrong type: ' || sqlerrm || '.');
    end;
    v_new.name := private.nfc(v_new.name);
    v_new.hostname := private.nfc(v_new.hostname);
    v_new.environment := private.nfc(v_new.environment);
    v_new.capabilities := private.nfc_words(v_new.capabilities);
    v_new.tags := private.nfc_words(v_new.tags);
    v_problem := coalesce(
        (
            select format('%s cannot be changed.', k)
            from jsonb_object_keys(p_changes) as k
            where k not in (
                'name', 'hostname', 'capabilities', 'attributes', 'environment', 'max_concurrent_jobs', 'tags', 'is_internet',
                'version'
            )
            limit 1
        ),
        private.find_robot_problem(
            v_robot.external_id, v_new.name, v_new.hostname, v_new.capabilities, v_new.attributes, v_new.environment,
            v_new.max_concurrent_jobs, v_new.tags
        )
    );
    if length(v_new.version) not between 1 and 64 then
        v_problem := 'version must have 1 to 64 characters.';
    end if;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    update public.robots as r
    set name = coalesce(v_new.name, r.name),
        hostname = coalesce(v_new.hostname, r.hostname),
        version = coalesce(v_new.version, r.version),
        environment = coalesce(v_new.environment, r.environment),
        capabilities = case when v_new.capabilities is null then r.capabilities else private.sorted_words(v_new.capabilities) end,
        attributes = case
            when v_new.attributes is not null then v_new.attributes
            when v_new.capabilities is not null then '{}'   -- the old form would contradict the new list
            else r.attributes
        end,
        tags = case when v_new.tags is null then r.tags else private.sorted_words(v_new.tags) end,
        is_internet = coalesce(v_new.is_internet, r.is_internet),
        max_concurrent_jobs = coalesce(v_new.max_concurrent_jobs, r.max_concurrent_jobs),
        updated_at = private.clock()
    where r.robot_id = v_robot.robot_id;
    delete from private.waiting_robots as w where w.robot_id = v_robot.robot_id;     -- waits with what it had before
    perform private.announce_robot('robot.updated', v_robot.robot_id);
    select r.* into v_live from public.live_robots as r where r.robot_id = v_robot.robot_id;
    return v_live;
end
$$;
comment on function public.update_robot is
    'Changes the named fields of a robot and returns it; a null leaves a field as it is. Raises 404 ROBOT_NOT_FOUND, 400 INVALID_ARGUMENT. Needs robots.write.';
revoke all on function public.update_robot from public, anon, authenticated, service_role;
grant execute on function public.update_robot to authenticated;
