create or replace function private.find_words_problem(p_field text, p_words text[])
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if cardinality(p_words) > 100 then
        return format('%s must not have more than 100 entries.', p_field);
    elsif array_ndims(p_words) > 1
        or exists (select from unnest(p_words) as w where w is null or length(w) not between 1 and 64)
    then
        return format('%s must be words of 1 to 64 characters.', p_field);
    elsif exists (select from unnest(p_words) as w where w ~ '^(tag|mode|pool):') then
        return format('%s must not begin with "tag:", "mode:" or "pool:", which mean something else here.', p_field);
    end if;
    return null;
end
$$;
comment on function private.find_words_problem is
    'The problem of a list of capabilities or tags, as a sentence that names the field; null: none.';
revoke all on function private.find_words_problem from public, anon, authenticated, service_role;
