create or replace function private.required_of(
    p_capabilities text[],
    p_tags text[],
    p_is_internet boolean,
    p_pool_id uuid default null
)
returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_capabilities = '{}' and p_tags = '{}' and p_pool_id is null then
        return case when p_is_internet then '{mode:internet}' else '{}' end;
    end if;
    return array(
        select c from unnest(p_capabilities) as c
        union
        select 'tag:' || t from unnest(p_tags) as t
        union
        select 'mode:internet' where p_is_internet
        union
        select 'pool:' || p_pool_id where p_pool_id is not null
        order by 1
    );
end
$$;
comment on function private.required_of is
    'Capabilities, tags, internet mode and pool as one sorted list: what a job asks for, or what a robot has. A robot may have a job when the first is contained in the second.';
revoke all on function private.required_of from public, anon, authenticated, service_role;
