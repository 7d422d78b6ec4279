-- Without a SET clause, so that it is inlined into claim_jobs; explain_job and explain_robot ask it, too.
create or replace function private.robot_offers(
    p_capabilities text[],
    p_tags text[],
    p_is_internet boolean,
    p_pool_id uuid,
    p_is_desktop_open boolean   -- null of a robot that was never heard of
)
returns text[]
language sql
immutable
as $$
    select case
        when p_is_desktop_open
            then private.required_of(p_capabilities || 'session:interactive'::text, p_tags, p_is_internet, p_pool_id)
        when p_tags = '{}' and not p_is_internet and p_pool_id is null then p_capabilities
        else private.required_of(p_capabilities, p_tags, p_is_internet, p_pool_id)
    end
$$;
comment on function private.robot_offers is
    'What a robot has of the things that a lane can require; session:interactive while its desktop is open.';
revoke all on function private.robot_offers from public, anon, authenticated, service_role;
