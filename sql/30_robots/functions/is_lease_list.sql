create or replace function private.is_lease_list(p_leases jsonb)
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when p_leases is null then null
        when jsonb_typeof(p_leases) <> 'array' then false
        when jsonb_array_length(p_leases) > 1000 then false
        else not exists (
            select
            from jsonb_array_elements(p_leases) as l (lease)
            where (
                l.lease ->> 'job_id' ~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'
                and jsonb_typeof(l.lease -> 'lease_token') = 'number'
            ) is not true
        )
    end;
end
$$;
comment on function private.is_lease_list is
    'Whether this is a list of at most 1000 leases {job_id, lease_token}, ids as the service writes them; null of null.';
revoke all on function private.is_lease_list from public, anon, authenticated, service_role;
