-- Without a SET clause, so that it is inlined into claim_jobs; explain_job and explain_robot ask it, too.
create or replace function private.lane_suits(p_environment text, p_required text[], p_robot_environment text, p_offers text[])
returns boolean
language sql
immutable
as $$
    select p_environment = any (array['*', p_robot_environment]) and p_required <@ p_offers
$$;
comment on function private.lane_suits is
    'Whether a lane asks for nothing that a robot has not: its environment, and what is required. Its target robot is the claim''s to compare.';
revoke all on function private.lane_suits from public, anon, authenticated, service_role;
