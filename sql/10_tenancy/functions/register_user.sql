create or replace function private.register_user()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_form jsonb := new.raw_app_meta_data -> 'registration';
    v_username text;
    v_tenant_id uuid;
begin
    if new.deleted_at is not null then
        -- Softly: the row stays, and nothing of ours with it. The name is free, and the tenants have one member less.
        delete from public.memberships as m where m.user_id = new.id;
        delete from public.profiles as p where p.user_id = new.id;
        return null;
    end if;
    perform private.create_profile(new.id, new.email);
    if jsonb_typeof(v_form) is distinct from 'object'
        or (tg_op = 'UPDATE' and old.raw_app_meta_data -> 'registration' is not null)
    then
        return null;
    end if;

    v_username := btrim(v_form ->> 'username');
    if v_username is not null then
        if v_username !~ '^[A-Za-z0-9._@+-]{1,128}$' then
            perform private.raise_error(
                400, 'INVALID_ARGUMENT', 'username must have 1 to 128 letters, digits or . _ @ + - characters.'
            );
        end if;
        -- A name that looks like an address must be one's own: it is a login.
        if position('@' in v_username) > 0 and lower(v_username) is distinct from lower(new.email) then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'username may be an e-mail address only if it is the user''s.');
        end if;
        if exists (select from public.profiles as p where lower(p.username) = lower(v_username) and p.user_id <> new.id) then
            perform private.raise_error(409, 'USERNAME_TAKEN', 'This user name is taken.');
        end if;
    end if;

    -- Who is invited gets no tenant: the invitation says which, and the user accepts it.
    if v_form -> 'is_invited' is distinct from 'true' then
        v_tenant_id := private.create_tenant(v_form ->> 'tenant_name', new.id);
    end if;
    update public.profiles as p
    set username = coalesce(v_username, p.username),
        first_name = left(private.nfc(coalesce(v_form ->> 'first_name', '')), 255),
        last_name = left(private.nfc(coalesce(v_form ->> 'last_name', '')), 255),
        active_tenant_id = v_tenant_id
    where p.user_id = new.id;
    return null;
end
$$;
comment on function private.register_user is
    'Gives every new user a profile, and one whom the admin API created with a registration also a tenant to be admin of, unless an invitation waits: user, tenant and membership or nothing. One who is deleted softly leaves both.';
revoke all on function private.register_user from public, anon, authenticated, service_role;
