create or replace function public.get_event_cursor()
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('events.read');
begin
    perform private.sequence_tenant_events(v_caller.tenant_id);
    return (select c.last_seq from private.event_counters as c where c.tenant_id = v_caller.tenant_id);
end
$$;
comment on function public.get_event_cursor is
    'The number of the tenant''s newest event, 0 when there is none: what list_events takes to begin with what happens from now on. Needs events.read.';
revoke all on function public.get_event_cursor from public, anon, authenticated, service_role;
grant execute on function public.get_event_cursor to authenticated;
