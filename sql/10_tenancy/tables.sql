create table public.tenants (
    tenant_id uuid not null default private.uuid_v7(),
    name text not null,
    slug text not null,
    plan public.tenant_plan not null default 'free',
    timezone text not null default 'UTC',
    robot_offline_after_seconds integer not null default 90,
    quarantine_after_failures integer not null default 5,  -- attempts in a row that a robot may fail; 0: as many as it likes
    settings jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    constraint tenants_pkey primary key (tenant_id),
    constraint tenants_slug_key unique (slug),
    constraint tenants_name_check check (length(name) between 1 and 255),
    constraint tenants_robot_offline_after_seconds_check check (robot_offline_after_seconds between 5 and 86400),
    constraint tenants_quarantine_after_failures_check check (quarantine_after_failures between 0 and 1000)
);
comment on table public.tenants is 'A customer whose rows are kept apart from every other''s.';

create table public.profiles (
    user_id uuid not null,
    username text not null,
    first_name text not null default '',
    last_name text not null default '',
    active_tenant_id uuid,
    created_at timestamptz not null default now(),
    constraint profiles_pkey primary key (user_id),
    constraint profiles_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade,
    constraint profiles_active_tenant_id_fkey foreign key (active_tenant_id) references public.tenants (tenant_id) on delete set null,
    constraint profiles_username_check check (username ~ '^[A-Za-z0-9._@+-]{1,128}$')
);
create unique index profiles_username_idx on public.profiles (lower(username));
create index profiles_active_tenant_id_idx on public.profiles (active_tenant_id);
comment on table public.profiles is 'What the product adds to a user of Supabase Auth: a login name and the tenant that new sessions begin in.';

create table public.permissions (
    code text not null,
    description text not null,
    constraint permissions_pkey primary key (code),
    constraint permissions_code_check check (code ~ '^[a-z_]+\.[a-z_]+$')
);
comment on table public.permissions is 'Every permission there is, as resource.action. Reference data, the same for all tenants.';

create table public.roles (
    role_id uuid not null default private.uuid_v7(),
    tenant_id uuid,     -- null: a built-in role of every tenant
    name text not null,
    slug text not null,
    description text not null default '',
    created_at timestamptz not null default now(),
    constraint roles_pkey primary key (role_id),
    constraint roles_tenant_id_slug_key unique nulls not distinct (tenant_id, slug),
    constraint roles_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint roles_slug_check check (slug ~ '^[a-z][a-z0-9_-]{0,63}$')
);
comment on table public.roles is 'A named set of permissions; built-in (no tenant) or a tenant''s own.';

create table public.role_permissions (
    role_id uuid not null,
    permission text not null,    -- a code, resource.*, *.action or *
    constraint role_permissions_pkey primary key (role_id, permission),
    constraint role_permissions_role_id_fkey foreign key (role_id) references public.roles (role_id) on delete cascade,
    constraint role_permissions_permission_check check (permission ~ '^(\*|([a-z_]+|\*)\.([a-z_]+|\*))$')
);
comment on table public.role_permissions is 'What a role may do: permission codes, with * for any resource or action.';

create table public.memberships (
    tenant_id uuid not null,
    user_id uuid not null,
    created_at timestamptz not null default now(),
    deactivated_at timestamptz,     -- without access since then, until somebody wakes the member: roles and name stay
    constraint memberships_pkey primary key (tenant_id, user_id),
    constraint memberships_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint memberships_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade
);
create index memberships_user_id_idx on public.memberships (user_id);
comment on table public.memberships is 'A user belongs to a tenant. Deleting or deactivating the row takes access away at the user''s next statement.';

-- Both references take the row away: the end of the session, and that of the membership, which a new one does not undo.
create table private.session_tenants (
    session_id uuid not null,
    tenant_id uuid not null,
    user_id uuid not null,
    constraint session_tenants_pkey primary key (session_id),
    constraint session_tenants_session_id_fkey foreign key (session_id) references auth.sessions (id) on delete cascade,
    constraint session_tenants_tenant_id_user_id_fkey foreign key (tenant_id, user_id)
        references public.memberships (tenant_id, user_id) on delete cascade
);
create index session_tenants_tenant_id_user_id_idx on private.session_tenants (tenant_id, user_id);
comment on table private.session_tenants is 'The tenant that a session of a user was moved to; one without a row is in the tenant that the user''s sessions begin in.';

create table public.member_roles (
    tenant_id uuid not null,
    user_id uuid not null,
    role_id uuid not null,
    created_at timestamptz not null default now(),
    constraint member_roles_pkey primary key (tenant_id, user_id, role_id),
    constraint member_roles_tenant_id_user_id_fkey foreign key (tenant_id, user_id)
        references public.memberships (tenant_id, user_id) on delete cascade,
    constraint member_roles_role_id_fkey foreign key (role_id) references public.roles (role_id) on delete cascade
);
create index member_roles_role_id_idx on public.member_roles (role_id);
comment on table public.member_roles is 'The roles of a member in one tenant.';

create table public.api_keys (
    api_key_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    kind public.api_key_kind not null,
    name text not null,
    prefix text not null,               -- the first characters, shown so that people can tell keys apart
    key_hash bytea not null,            -- SHA-256 of the whole key; the key itself is never stored
    robot_id uuid,                      -- robot keys: set at creation or by the first registration
    robot_external_id text,             -- robot keys made for a robot that was not there: it alone may register with it
    scopes text[] not null default '{}',
    created_by uuid,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    constraint api_keys_pkey primary key (api_key_id),
    constraint api_keys_key_hash_key unique (key_hash),
    constraint api_keys_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint api_keys_name_check check (length(name) between 1 and 128),
    constraint api_keys_key_hash_check check (octet_length(key_hash) = 32),
    constraint api_keys_robot_id_check check (kind = 'robot' or (robot_id is null and robot_external_id is null))
);
create index api_keys_tenant_id_idx on public.api_keys (tenant_id, api_key_id desc);
create index api_keys_robot_id_idx on public.api_keys (tenant_id, robot_id);
comment on table public.api_keys is 'Keys of robots and of programs. Only a hash is kept; a key is shown once, when it is made.';

create table public.invitations (
    invitation_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    email text not null,
    role_id uuid not null,
    token_hash bytea not null,
    invited_by uuid,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    accepted_at timestamptz,
    revoked_at timestamptz,
    constraint invitations_pkey primary key (invitation_id),
    constraint invitations_token_hash_key unique (token_hash),
    constraint invitations_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint invitations_role_id_fkey foreign key (role_id) references public.roles (role_id) on delete cascade
);
create index invitations_tenant_id_idx on public.invitations (tenant_id, invitation_id desc);
create index invitations_role_id_idx on public.invitations (role_id);
comment on table public.invitations is 'An offer of membership, redeemed once with the token that was sent.';

create table private.login_attempts (
    login_hash bytea not null,          -- SHA-256 of the lower-cased login
    ip inet not null,
    failures integer not null default 0,
    window_started_at timestamptz not null,
    locked_until timestamptz,
    constraint login_attempts_pkey primary key (login_hash, ip)
);
comment on table private.login_attempts is 'Failed logins per login and address: five in five minutes lock for fifteen.';

create table private.idempotency_keys (
    tenant_id uuid not null,
    actor_id uuid not null,             -- the user, robot or service key that sent the request
    key text not null,
    request_hash bytea not null,
    status_code integer,                -- null while the first request is still running
    response jsonb,
    created_at timestamptz not null default now(),
    constraint idempotency_keys_pkey primary key (tenant_id, actor_id, key),
    constraint idempotency_keys_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint idempotency_keys_key_check check (length(key) between 1 and 255)
);
create index idempotency_keys_tenant_id_created_at_idx on private.idempotency_keys (tenant_id, created_at);
comment on table private.idempotency_keys is 'The first answer to a request that carried an Idempotency-Key.';
