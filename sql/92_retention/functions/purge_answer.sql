create or replace function private.purge_answer(
    p_purged uuid[],
    p_dead_letters integer,
    p_log_entries integer,
    p_seen integer,
    p_limit integer,
    p_after uuid
)
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'purged', cardinality(p_purged),
        'dead_letters', p_dead_letters,
        'log_entries', p_log_entries,
        'seen', p_seen,
        'next_after', case when p_seen = p_limit then p_after end   -- null: there are no more
    )
$$;
comment on function private.purge_answer is 'What public.purge_jobs() says of a page of jobs.';
revoke all on function private.purge_answer from public, anon, authenticated, service_role;
