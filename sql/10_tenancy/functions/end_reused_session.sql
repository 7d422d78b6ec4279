-- Auth revokes the tokens of the family and leaves the session: its access tokens would go on for an hour, and its newest
-- refresh token for the seconds in which a revoked one is still taken.
create or replace function private.end_reused_session(p_refresh_token text)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from auth.sessions as s
    using auth.refresh_tokens as t
    where t.token = p_refresh_token and t.revoked and s.id = t.session_id;
end
$$;
comment on function private.end_reused_session is
    'Ends the session that a used-up refresh token belongs to, with all its tokens; for whom Auth has answered that the token was used already.';
revoke all on function private.end_reused_session from public, anon, authenticated, service_role;
grant execute on function private.end_reused_session to casare_functions;
