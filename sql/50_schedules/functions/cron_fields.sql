create or replace function private.cron_fields(p_expression text)
returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_expression text := upper(btrim(p_expression, E' \t\n\r\f\v'));
begin
    if starts_with(v_expression, '@') then
        v_expression := case v_expression
            when '@YEARLY' then '0 0 1 1 *'
            when '@ANNUALLY' then '0 0 1 1 *'
            when '@MONTHLY' then '0 0 1 * *'
            when '@WEEKLY' then '0 0 * * 0'
            when '@DAILY' then '0 0 * * *'
            when '@MIDNIGHT' then '0 0 * * *'
            when '@HOURLY' then '0 * * * *'
            else v_expression
        end;
    end if;
    if v_expression ~ '\s\s|[^\S ]' then
        return regexp_split_to_array(v_expression, '\s+');
    end if;
    return string_to_array(v_expression, ' ');
end
$$;
comment on function private.cron_fields is
    'The fields of a cron expression, in upper case, with an alias such as @daily replaced by what it stands for. Five, if it is right.';
revoke all on function private.cron_fields from public, anon, authenticated, service_role;
