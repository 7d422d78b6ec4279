-- The platform's roles. They belong to the cluster, so this file must be repeatable across databases.
-- Run by the cluster's superuser, supabase_admin.
do $$
declare
    v_role text;
begin
    foreach v_role in array array[
        'postgres', 'anon', 'authenticated', 'service_role', 'authenticator', 'supabase_auth_admin', 'supabase_realtime_admin',
        'supabase_storage_admin', 'supabase_replication_admin', 'supabase_read_only_user', 'dashboard_user'
    ] loop
        if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
            execute format('create role %I', v_role);
        end if;
    end loop;
end
$$;

-- Migrations run as postgres, which is no superuser on the platform either.
alter role postgres nosuperuser createdb createrole login replication bypassrls inherit;
alter role anon nologin inherit;
alter role authenticated nologin inherit;
alter role service_role nologin inherit bypassrls;
alter role authenticator login noinherit;
alter role supabase_auth_admin login noinherit;
-- On the platform Realtime logs in another way; the emulator logs in as this role.
alter role supabase_realtime_admin login noinherit;
alter role supabase_storage_admin nologin noinherit;
alter role supabase_replication_admin login replication;
alter role supabase_read_only_user nologin bypassrls;
alter role dashboard_user nologin createdb createrole replication;

grant anon, authenticated, service_role to authenticator, supabase_realtime_admin;
grant anon, authenticated, service_role to postgres with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;
grant pg_read_all_data to supabase_read_only_user;
-- The platform lets postgres write policies on realtime.messages without being its owner. Membership is how a plain
-- server can say the same.
grant supabase_realtime_admin to postgres;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role supabase_admin set statement_timeout = 0;
alter role supabase_auth_admin set search_path = auth;
alter role supabase_auth_admin set idle_in_transaction_session_timeout = 60000;
alter role supabase_realtime_admin set search_path = public, extensions, realtime;
alter role postgres set search_path = "$user", public, extensions;
alter role supabase_admin set search_path = "$user", public, auth, extensions;
