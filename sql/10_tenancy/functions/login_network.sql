create or replace function private.login_network(p_ip inet)
returns inet
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when p_ip is null then inet '0.0.0.0'
        when family(p_ip) = 4 then set_masklen(p_ip, 32)
        when p_ip <<= inet '::ffff:0:0/96' then inet '0.0.0.0' + (set_masklen(p_ip, 128) - inet '::ffff:0:0')
        else network(set_masklen(p_ip, 64))::inet
    end;
end
$$;
comment on function private.login_network is
    'What counts as one address: an IPv4 address, however written, or the /64 that an IPv6 customer gets to choose addresses from.';
revoke all on function private.login_network from public, anon, authenticated, service_role;
