create or replace function public.list_settings()
returns table (
    name text,
    type text,
    value jsonb,
    default_value jsonb,
    minimum bigint,
    maximum bigint,
    choices text[],
    unit text,
    is_changeable boolean,
    meaning text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.read');
begin
    return query select * from private.list_known_settings(v_caller.tenant_id);
end
$$;
comment on function public.list_settings is
    'What the caller''s tenant can set, by name: type, value, default, range and meaning. Needs settings.read.';
revoke all on function public.list_settings from public, anon, authenticated, service_role;
grant execute on function public.list_settings to authenticated;
