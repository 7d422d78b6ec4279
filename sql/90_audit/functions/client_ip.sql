create or replace function private.client_ip()
returns inet
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return nullif(current_setting('casare.client_ip', true), '')::inet;
exception
    when invalid_text_representation then
        return null;    -- what is written down beside a change must not undo it
end
$$;
comment on function private.client_ip is 'The address that the request came from, as far as the function that took it could tell.';
revoke all on function private.client_ip from public, anon, authenticated, service_role;
