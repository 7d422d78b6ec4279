create or replace function private.can_send_to_topic(p_topic text, p_extension text)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return p_extension = 'broadcast'
        and case
            when p_topic ~ '^job:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
                then private.holds_live_lease(private.caller(), substr(p_topic, 5)::uuid)
            else false
        end;
end
$$;
comment on function private.can_send_to_topic is
    'Whether the caller may send on a private topic: only the robot that holds a job, broadcasts about it. Nobody shows presence.';
revoke all on function private.can_send_to_topic from public, anon, authenticated, service_role;
grant execute on function private.can_send_to_topic to authenticated;
