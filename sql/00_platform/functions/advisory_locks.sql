-- Every advisory lock has its name here: pg_advisory_xact_lock(private.claims_lock(), hashtext(p_robot_id::text)). The first key
-- says what is locked, the second one which. Constants without a SET clause, so that a plan holds the number and not the call.

create or replace function private.registration_lock() returns integer language sql immutable parallel safe as $$select 1920098932$$;
comment on function private.registration_lock is
    'One registration of an external id of a tenant at a time; with hashtext(tenant and external id).';
revoke all on function private.registration_lock from public, anon, authenticated, service_role;

create or replace function private.claims_lock() returns integer language sql immutable parallel safe as $$select 1801678962$$;
comment on function private.claims_lock is
    'One claim of a robot at a time, and none while what it holds is given back; with hashtext(robot).';
revoke all on function private.claims_lock from public, anon, authenticated, service_role;

create or replace function private.lane_lock() returns integer language sql immutable parallel safe as $$select 1801678963$$;
comment on function private.lane_lock is
    'Functions that make a job ready again in a lane share it; private.raise_low_water() passes over a lane that it cannot have alone. With the lane''s number.';
revoke all on function private.lane_lock from public, anon, authenticated, service_role;

create or replace function private.collision_lock() returns integer language sql immutable parallel safe as $$select 1801678964$$;
comment on function private.collision_lock is
    'One job of a concurrency key at a time is judged by the key''s rule; with the limit''s number.';
revoke all on function private.collision_lock from public, anon, authenticated, service_role;

create or replace function private.limits_lock() returns integer language sql immutable parallel safe as $$select 1801678965$$;
comment on function private.limits_lock is
    'Claims share it, so that none takes jobs of a tenant while a limit of it is set; with hashtext(tenant).';
revoke all on function private.limits_lock from public, anon, authenticated, service_role;

create or replace function private.workflow_lock() returns integer language sql immutable parallel safe as $$select 2003792484$$;
comment on function private.workflow_lock is
    'Functions that enqueue jobs of a workflow share it, so that none is enqueued while the workflow is deleted; with hashtext(workflow).';
revoke all on function private.workflow_lock from public, anon, authenticated, service_role;

create or replace function private.triggers_lock() returns integer language sql immutable parallel safe as $$select 1953655143$$;
comment on function private.triggers_lock is
    'One new trigger of a tenant at a time, so that they are counted exactly; with hashtext(tenant).';
revoke all on function private.triggers_lock from public, anon, authenticated, service_role;

create or replace function private.request_lock() returns bigint language sql immutable parallel safe as $$select 7236401::bigint$$;
comment on function private.request_lock is
    'One request with an Idempotency-Key at a time; the seed of hashtextextended(tenant, actor and key), as this key is one of 64 bits.';
revoke all on function private.request_lock from public, anon, authenticated, service_role;
