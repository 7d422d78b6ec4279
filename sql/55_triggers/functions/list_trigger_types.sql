create or replace function public.list_trigger_types()
returns table (trigger_type text, title text, description text, fired_by text, unavailable text, config_schema jsonb)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.authorize('triggers.read');
    return query
        select t.trigger_type, t.title, t.description, t.fired_by, t.unavailable, t.config_schema
        from private.trigger_types as t
        order by t.trigger_type;
end
$$;
comment on function public.list_trigger_types is
    'The kinds of triggers with the JSON Schema of their configurations; unavailable says why none of a kind can be made. Needs triggers.read.';
revoke all on function public.list_trigger_types from public, anon, authenticated, service_role;
grant execute on function public.list_trigger_types to authenticated;
