-- Without a SET clause, so that it is inlined into claim_jobs; explain_job and explain_robot ask it, too.
create or replace function private.robot_offers(p_capabilities text[], p_tags text[], p_is_internet boolean)
returns text[]
language sql
immutable
as $$
    select case
        when p_tags = '{}' and not p_is_internet then p_capabilities
        else private.required_of(p_capabilities, p_tags, p_is_internet)
    end
$$;
comment on function private.robot_offers(text[], text[], boolean) is
    'What a robot has of the things that a lane can require.';
revoke all on function private.robot_offers(text[], text[], boolean) from public, anon, authenticated, service_role;
