create or replace function private.count_words(p_words text[])
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_object_agg(c.word, c.times), '{}')
    from (select w.word, count(*) as times from unnest(p_words) as w (word) where w.word is not null group by w.word) as c
$$;
comment on function private.count_words is 'How often each word is there, as an object; nulls do not count.';
revoke all on function private.count_words from public, anon, authenticated, service_role;
