-- What two calls of realtime.send do, in one statement: that is half the price of a transition. The columns are those that
-- the platform documents; should it take this insert no more, its own function does it.
create or replace function private.broadcast_job(p_topics text[], p_event text, p_payload jsonb)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_topic text;
begin
    insert into realtime.messages (id, topic, event, payload, extension, private)
    select m.id, m.topic, p_event, p_payload || jsonb_build_object('id', m.id), 'broadcast', true
    from (select gen_random_uuid() as id, t as topic from unnest(p_topics) as t offset 0) as m;
exception
    when check_violation then   -- no partition for today: nobody has listened for days
        raise warning 'broadcast of % failed: %', p_event, sqlerrm;
    when others then
        foreach v_topic in array p_topics loop
            perform private.broadcast(v_topic, p_event, p_payload);
        end loop;
end
$$;
comment on function private.broadcast_job(text[], text, jsonb) is
    'Pushes the same to several private topics. It may be lost and never fails the caller: every push has a row behind it.';
revoke all on function private.broadcast_job(text[], text, jsonb) from public, anon, authenticated, service_role;
