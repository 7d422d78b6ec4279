create or replace function private.cron_fields(p_expression text)
returns text[]
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select regexp_split_to_array(
        case e.expression
            when '@YEARLY' then '0 0 1 1 *'
            when '@ANNUALLY' then '0 0 1 1 *'
            when '@MONTHLY' then '0 0 1 * *'
            when '@WEEKLY' then '0 0 * * 0'
            when '@DAILY' then '0 0 * * *'
            when '@MIDNIGHT' then '0 0 * * *'
            when '@HOURLY' then '0 * * * *'
            else e.expression
        end,
        '\s+'
    )
    from (select upper(regexp_replace(p_expression, '^\s+|\s+$', '', 'g')) as expression) as e
$$;
comment on function private.cron_fields is
    'The fields of a cron expression, in upper case, with an alias such as @daily replaced by what it stands for. Five, if it is right.';
revoke all on function private.cron_fields from public, anon, authenticated, service_role;
