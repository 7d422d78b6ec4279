create or replace function private.create_profile(p_user_id uuid, p_email text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_username text := left(
        coalesce(nullif(regexp_replace(split_part(coalesce(p_email, ''), '@', 1), '[^A-Za-z0-9._+-]', '', 'g'), ''), 'user'), 100
    );
begin
    insert into public.profiles (user_id, username) values (p_user_id, v_username) on conflict do nothing;
    if not found then
        insert into public.profiles (user_id, username)
        values (p_user_id, v_username || '-' || left(replace(gen_random_uuid()::text, '-', ''), 12))
        on conflict (user_id) do nothing;
    end if;
end
$$;
comment on function private.create_profile is
    'The profile of a user who named none: the local part of the address, with a suffix when it is taken.';
revoke all on function private.create_profile from public, anon, authenticated, service_role;
