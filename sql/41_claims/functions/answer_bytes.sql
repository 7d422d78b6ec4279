-- Without a SET clause, so that it is inlined into claim_jobs. Small inputs are not written out to be measured: a hundred of them
-- are no burden.
create or replace function private.answer_bytes(p_definition_bytes integer, p_input jsonb)
returns bigint
language sql
immutable
as $$
    select p_definition_bytes::bigint
        + case when pg_column_size(p_input) > 2000 then octet_length(p_input::text) else 2000 end
$$;
comment on function private.answer_bytes is
    'About how many bytes a job takes in the answer to a claim: its definition and its input.';
revoke all on function private.answer_bytes from public, anon, authenticated, service_role;
