-- In one pass: what a fact says is never looked at again, though it may have braces of its own.
create or replace function private.fill_in(p_sentence text, p_facts jsonb)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(
        case when p.n % 2 = 1 then p.part when p_facts ? p.part then coalesce(p_facts ->> p.part, 'unknown') else '{' || p.part || '}' end,
        '' order by p.n
    )
    from regexp_split_to_table(p_sentence, '[{}]') with ordinality as p (part, n)
$$;
comment on function private.fill_in is
    'A sentence with its {facts} filled in; those that are null are unknown.';
revoke all on function private.fill_in from public, anon, authenticated, service_role;
