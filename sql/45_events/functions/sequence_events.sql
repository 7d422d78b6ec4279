create or replace function private.sequence_events()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant_id uuid;
    v_count integer := 0;
    v_batch integer;
    v_is_first boolean;
begin
    -- From tenant to tenant along the index, however many rows each has.
    loop
        select i.tenant_id
        into v_tenant_id
        from private.event_inbox as i
        where i.tenant_id > coalesce(v_tenant_id, '00000000-0000-0000-0000-000000000000')
        order by i.tenant_id
        limit 1;
        exit when not found;
        v_is_first := true;
        loop
            v_batch := private.sequence_tenant_events(v_tenant_id, p_is_whole => v_is_first);
            v_count := v_count + v_batch;
            exit when v_batch < 10000;
            v_is_first := false;
        end loop;
        -- The inbox has no foreign key, so that a writer locks nothing: what a deleted tenant left goes here.
        delete from private.event_inbox as i
        where i.tenant_id = v_tenant_id
            and not exists (select from public.tenants as t where t.tenant_id = v_tenant_id);
    end loop;
    return v_count;
end
$$;
comment on function private.sequence_events() is
    'Numbers the waiting events of every tenant; returns how many. For tenants whose events nobody reads at the moment.';
revoke all on function private.sequence_events() from public, anon, authenticated, service_role;
