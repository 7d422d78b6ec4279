-- One look for each tenant with work for the pool, in the order of their numbers, whatever waits in it and whoever has none.
create or replace function private.next_in_pool(
    p_pool_id uuid,
    p_after integer,
    p_owner_no integer,     -- always has a turn: its robots run all of its jobs, not only those that ask for the pool
    out tenant_no integer,
    out tenant_id uuid,
    out weight smallint
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
    loop
        select r.tenant_no into tenant_no
        from private.ready as r
        where r.pool_id = p_pool_id and r.tenant_no > p_after
        order by r.tenant_no
        limit 1;
        if p_owner_no > p_after and (tenant_no > p_owner_no) is not false then
            tenant_no := p_owner_no;
        end if;
        if tenant_no is null then
            return;
        end if;
        select q.tenant_id into tenant_id from private.queue_tenants as q where q.tenant_no = next_in_pool.tenant_no;
        weight := private.pool_weight(p_pool_id, tenant_id);
        if weight is not null then
            return;
        end if;
        p_after := tenant_no;
    end loop;
end
$$;
comment on function private.next_in_pool is
    'The member of a pool whose turn it is after a tenant with this number: the next that has ready jobs for the pool, or its owner. Nulls when there is none behind it.';
revoke all on function private.next_in_pool from public, anon, authenticated, service_role;
