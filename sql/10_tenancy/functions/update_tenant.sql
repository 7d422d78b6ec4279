create or replace function public.update_tenant(
    p_name text default null,
    p_timezone text default null,
    p_robot_offline_after_seconds integer default null,
    p_quarantine_after_failures integer default null
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.write');
begin
    p_name := private.nfc(btrim(p_name));
    if length(p_name) not between 1 and 255 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'name must have 1 to 255 characters.');
    end if;
    if p_timezone is not null and not exists (select from pg_catalog.pg_timezone_names as z where z.name = p_timezone) then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'timezone must be a name of the IANA time zone database, such as Europe/Berlin.'
        );
    end if;
    if p_robot_offline_after_seconds not between 5 and 86400 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'robot_offline_after_seconds must lie between 5 and 86400.');
    end if;
    if p_quarantine_after_failures not between 0 and 1000 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'quarantine_after_failures must lie between 0 and 1000.');
    end if;
    update public.tenants as t
    set name = coalesce(p_name, t.name),
        timezone = coalesce(p_timezone, t.timezone),
        robot_offline_after_seconds = coalesce(p_robot_offline_after_seconds, t.robot_offline_after_seconds),
        quarantine_after_failures = coalesce(p_quarantine_after_failures, t.quarantine_after_failures),
        updated_at = private.clock()
    where t.tenant_id = v_caller.tenant_id;
end
$$;
comment on function public.update_tenant is 'Changes the caller''s tenant; null leaves a part as it is.';
revoke all on function public.update_tenant from public, anon, authenticated, service_role;
grant execute on function public.update_tenant to authenticated;
