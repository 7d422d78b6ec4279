-- What the contract tests of the Data API call and read. Independent of the product.
create type public.contract_mood as enum ('calm', 'cross');

create table public.contract_notes (
    id integer primary key,
    owner uuid,
    title text not null,
    mood public.contract_mood not null default 'calm',
    tags text[] not null default '{}',
    data jsonb not null default '{}',
    due timestamptz
);
alter table public.contract_notes enable row level security;
grant select on public.contract_notes to anon, authenticated, service_role;
create policy contract_notes_select on public.contract_notes for select to authenticated
    using (owner is null or owner = (select auth.uid()));
insert into public.contract_notes (id, owner, title, mood, tags, data, due) values
    (1, null, 'apple', 'calm', '{red,round}', '{"size": {"width": 3}}', '2026-01-01T00:00:00Z'),
    (2, null, 'banana', 'cross', '{yellow}', '{"size": {"width": 7}}', null),
    (3, null, 'cherry, sour', 'calm', '{red}', '{}', '2026-03-01T00:00:00Z'),
    (4, null, 'date', 'calm', '{}', '{}', null),
    (5, '00000000-0000-4000-8000-000000000001', 'hidden', 'calm', '{}', '{}', null);

create table public.contract_secrets (id integer primary key);
create view public.contract_titles with (security_invoker = true) as select id, title from public.contract_notes;
grant select on public.contract_titles to authenticated;

-- Columns that are called like what a statement of the Data API may call its own parts.
create view public.contract_words with (security_invoker = true) as
select 1 as result, 'a' as page, 2 as value, 3 as called, 4 as given;
grant select on public.contract_words to anon, authenticated;

create function public.contract_sum(a integer, b integer default 10) returns integer
language sql immutable set search_path = '' as $$ select a + b $$;

create function public.contract_echo(
    p_json jsonb default null, p_list integer[] default null, p_mood public.contract_mood default null,
    p_id uuid default null, p_at timestamptz default null, p_bytes bytea default null, p_number numeric default null,
    p_flag boolean default null
) returns jsonb
language sql immutable set search_path = '' as $$
    select jsonb_build_object(
        'json', p_json, 'list', p_list, 'mood', p_mood, 'id', p_id, 'at', p_at, 'bytes', encode(p_bytes, 'hex'),
        'number', p_number, 'flag', p_flag
    )
$$;

create function public.contract_word() returns public.contract_words
language sql immutable set search_path = '' as $$ select 1, 'a', 2, 3, 4 $$;
create function public.contract_word_list(p_count integer) returns setof public.contract_words
language sql immutable set search_path = '' as $$ select 1, 'a', 2, 3, 4 from generate_series(1, p_count) $$;

create function public.contract_find(p_least integer default 0) returns setof public.contract_notes
language sql stable set search_path = '' as $$
    select * from public.contract_notes where id >= p_least order by id
$$;

create function public.contract_one(p_id integer) returns public.contract_notes
language sql stable set search_path = '' as $$ select * from public.contract_notes where id = p_id $$;

create function public.contract_table(p_count integer) returns table (number integer)
language sql immutable set search_path = '' as $$ select generate_series(1, p_count) $$;

create function public.contract_numbers(p_count integer) returns setof integer
language sql immutable set search_path = '' as $$ select generate_series(1, p_count) $$;

create function public.contract_nothing() returns void language sql volatile set search_path = '' as $$ select null $$;

create function public.contract_twice(p_value integer) returns text
language sql immutable set search_path = '' as $$ select 'integer' $$;
create function public.contract_twice(p_value text) returns text
language sql immutable set search_path = '' as $$ select 'text' $$;

create function public.contract_raw(json) returns json
language sql immutable set search_path = '' as $$ select json_build_object('given', $1) $$;

create function public.contract_raise(p_state text) returns void
language plpgsql volatile set search_path = '' as $$
begin
    raise exception using errcode = p_state, message = 'The lease is lost.', detail = 'LEASE_LOST', hint = 'Claim again.';
end
$$;

create function public.contract_answer(p_status text) returns jsonb
language plpgsql volatile set search_path = '' as $$
begin
    perform set_config('response.status', p_status, true);
    perform set_config('response.headers', '[{"X-Contract": "kept"}]', true);
    return jsonb_build_object('code', 'PT' || p_status);
end
$$;

create function public.contract_insert(p_id integer) returns setof public.contract_secrets
language sql volatile security definer set search_path = '' as $$
    insert into public.contract_secrets values (p_id), (p_id + 1) returning *
$$;
create function public.contract_secret_count() returns bigint
language sql stable security definer set search_path = '' as $$ select count(*) from public.contract_secrets $$;

create function public.contract_context() returns jsonb language sql stable set search_path = '' as $$
    select jsonb_build_object(
        'role', current_user,
        'uid', auth.uid(),
        'claims', current_setting('request.jwt.claims')::jsonb,
        'header', current_setting('request.headers')::jsonb ->> 'x-contract',
        'method', current_setting('request.method'),
        'path', current_setting('request.path'),
        'timeout', current_setting('statement_timeout'),
        'path_of_search', (select string_agg(name, ',') from unnest(current_schemas(false)) as name),
        'read_only', current_setting('transaction_read_only')
    )
$$;

create function public.contract_slow() returns void language sql volatile set search_path = '' as $$
    select pg_sleep(30)
$$;
alter function public.contract_slow() set statement_timeout = '100ms';

create function public.contract_members_only() returns text language sql stable set search_path = '' as $$ select 'in' $$;

do $$
declare
    v_function regprocedure;
begin
    for v_function in
        select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace and proname like 'contract\_%'
    loop
        execute format('revoke all on function %s from public, anon, authenticated', v_function);
        execute format('grant execute on function %s to authenticated, service_role', v_function);
        if v_function::text not like '%members_only%' then
            execute format('grant execute on function %s to anon', v_function);
        end if;
    end loop;
end
$$;
