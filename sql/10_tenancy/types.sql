create type public.tenant_plan as enum ('free', 'pro', 'enterprise');

create type public.api_key_kind as enum (
    'robot',    -- acts as one robot
    'service'   -- acts as a program of the tenant, with scopes
);

-- Who makes this request, as the database has verified it. See private.caller().
create type private.caller as (
    principal text,         -- user | robot | service
    tenant_id uuid,
    user_id uuid,           -- set for users
    robot_id uuid,          -- set for robots
    api_key_id uuid,        -- set for robots and service keys
    permissions text[]      -- codes and wildcards, e.g. {workflows.read,jobs.*}
);

-- A key as people see it: everything but its hash.
create type public.api_key_summary as (
    api_key_id uuid,
    tenant_id uuid,
    kind public.api_key_kind,
    name text,
    prefix text,
    robot_id uuid,
    scopes text[],
    created_by uuid,
    created_at timestamptz,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    robot_external_id text  -- of a key that was made for a robot which was not there
);
