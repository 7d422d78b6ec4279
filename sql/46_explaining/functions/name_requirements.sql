create or replace function private.name_requirements(p_required text[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select string_agg(
            case
                when r = 'mode:internet' then 'the execution mode internet'
                when r like 'pool:%' then 'the pool ' || coalesce(
                    (select p.name from public.pools as p where p.pool_id = substr(r, 6)::uuid), 'that was deleted'
                )
                when r like 'tag:%' then 'the tag ' || substr(r, 5)
                else 'the capability ' || r
            end,
            ' and ' order by r like 'mode:%', r like 'tag:%', r
        )
        from unnest(p_required) as r
    );
end
$$;
comment on function private.name_requirements is
    'What a lane requires, in words: the capability browser and the tag vip.';
revoke all on function private.name_requirements from public, anon, authenticated, service_role;
