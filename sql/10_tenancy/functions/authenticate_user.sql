create or replace function private.authenticate_user(p_claims jsonb)
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id uuid := (p_claims ->> 'sub')::uuid;
    v_session_id uuid := (p_claims ->> 'session_id')::uuid;
begin
    if v_user_id is null or coalesce(p_claims -> 'app_metadata' ->> 'principal', 'user') <> 'user' then
        return null;
    end if;
    perform from auth.users as u
    where u.id = v_user_id and u.deleted_at is null and (u.banned_until is null or u.banned_until <= private.clock());
    if not found then
        return null;
    end if;
    if v_session_id is not null then
        perform from auth.sessions as s where s.id = v_session_id and s.user_id = v_user_id;
        if not found then
            return null;
        end if;
    end if;
    return v_user_id;
end
$$;
comment on function private.authenticate_user is
    'The user that the claims name, if the account is live and the session was not logged out; whatever the tenant.';
revoke all on function private.authenticate_user from public, anon, authenticated, service_role;
