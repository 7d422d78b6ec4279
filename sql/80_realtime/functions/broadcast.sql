create or replace function private.broadcast(p_topic text, p_event text, p_payload jsonb)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform realtime.send(p_payload, p_event, p_topic, true);
exception
    when others then
        raise warning 'broadcast of % failed: %', p_event, sqlerrm;
end
$$;
comment on function private.broadcast is
    'Rings a doorbell on a private topic. It may be lost and never fails the caller: every push has a row behind it.';
revoke all on function private.broadcast from public, anon, authenticated, service_role;
