create or replace function private.find_session_problem(p_session jsonb)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if coalesce(jsonb_typeof(p_session), 'null') = 'null' then
        return null;
    elsif jsonb_typeof(p_session) <> 'object' then
        return 'session must be an object {user, interactive, locked, width, height}.';
    end if;
    return (
        select case
            when f.key in ('interactive', 'locked') then format('session.%s must be true or false.', f.key)
            when f.key = 'user' then 'session.user must be a text of at most 256 characters.'
            when f.key in ('width', 'height') then format('session.%s must be a whole number between 0 and 100000.', f.key)
            else format('session must not have the field %s.', left(f.key, 64))
        end
        from (
            select e.key, e.value from jsonb_each(p_session) as e
            union all
            select n.key, null
            from unnest(array['interactive', 'locked']) as n (key)
            where not p_session ? n.key
        ) as f
        where case
            when f.key in ('interactive', 'locked') then jsonb_typeof(f.value) is distinct from 'boolean'
            when f.key = 'user' then
                jsonb_typeof(f.value) not in ('string', 'null') or length(f.value #>> '{}') > 256
            when f.key in ('width', 'height') then
                jsonb_typeof(f.value) not in ('number', 'null')
                or case when jsonb_typeof(f.value) = 'number' then
                    f.value::numeric not between 0 and 100000 or f.value::numeric <> trunc(f.value::numeric)
                end is true
            else true
        end
        order by f.key
        limit 1
    );
end
$$;
comment on function private.find_session_problem is
    'The problem of the session in a heartbeat (interactive and locked must be there; user, width and height may be), as a sentence that names the field; null: none.';
revoke all on function private.find_session_problem from public, anon, authenticated, service_role;
