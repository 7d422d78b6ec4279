-- For what is limited by its failures: counted ahead like everything, so that a hundred at once get no more than the
-- limit, and given back when it went well.
create or replace function private.give_back_request(p_rule text, p_ip inet)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update private.request_counts as c
    set count = c.count - 1
    where c.bucket = p_rule || ' ip:' || host(private.login_network(p_ip))
        and c.count > 0
        and c.window_ends_at > private.clock();
end
$$;
comment on function private.give_back_request is
    'Takes back what private.count_request() counted for an address; a window that is over stays as it is.';
revoke all on function private.give_back_request from public, anon, authenticated, service_role;
grant execute on function private.give_back_request to casare_functions;
