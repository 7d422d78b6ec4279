-- For duties that claims do too: several sessions run them at once, so no turns are remembered. Each tenant that has
-- something due gets the same part, and what they do not need goes to the oldest. From tenant to tenant along the index, from any
-- one on: where more have rows than are looked at, it is others each time.
create or replace function private.share_out(p_table text, p_id text, p_due_at text, p_limit integer, p_oldest uuid[])
returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_walk constant text := format(
        'with recursive walk (tenant_id, looks) as ('
        '    (select t.tenant_id, 1 from %1$s as t where t.%2$I is not null and t.tenant_id > $1 order by t.tenant_id limit 1)'
        '    union all'
        '    select ('
        '        select t.tenant_id from %1$s as t'
        '        where t.%2$I is not null and t.tenant_id > w.tenant_id order by t.tenant_id limit 1'
        '    ), w.looks + 1'
        '    from walk as w where w.tenant_id < $2 and w.looks < $3'
        ') '
        'select array('
        '    select w.tenant_id from walk as w'
        '    where w.tenant_id <= $2 and exists ('
        '        select from %1$s as t where t.tenant_id = w.tenant_id and t.%2$I <= private.clock()'
        '    )'
        ')',
        p_table, p_due_at
    );
    v_from uuid := gen_random_uuid();
    v_tenants uuid[];
    v_others uuid[];
    v_chosen uuid[];
begin
    execute v_walk into v_tenants using v_from, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid, p_limit;
    execute v_walk into v_others using '00000000-0000-0000-0000-000000000000'::uuid, v_from, p_limit;
    v_tenants := v_tenants || v_others;
    execute format(
        'select array('
        '    select x.id from ('
        '        select d.id, 1 as rank from unnest($1) as u (tenant_id) cross join lateral ('
        '            select t.%2$I as id from %1$s as t'
        '            where t.tenant_id = u.tenant_id and t.%3$I <= private.clock() order by t.%3$I limit $2'
        '        ) as d '
        '        union all select o.id, 2 from unnest($3) as o (id)'
        '    ) as x '
        '    group by x.id order by min(x.rank) limit $4'
        ')',
        p_table, p_id, p_due_at
    )
    into v_chosen
    using v_tenants, greatest(p_limit / greatest(cardinality(v_tenants), 1), 1), p_oldest, p_limit;
    return v_chosen;
end
$$;
comment on function private.share_out is
    'When more is due than p_limit: the ids of p_limit rows, shared out among the tenants that have some, the rest from p_oldest.';
revoke all on function private.share_out from public, anon, authenticated, service_role;
