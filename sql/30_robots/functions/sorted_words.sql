create or replace function private.sorted_words(p_words text[])
returns text[]
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(array_agg(distinct w order by w), '{}') from unnest(p_words) as w
$$;
comment on function private.sorted_words is 'The words of a list, sorted, each once; null is the empty list.';
revoke all on function private.sorted_words from public, anon, authenticated, service_role;
