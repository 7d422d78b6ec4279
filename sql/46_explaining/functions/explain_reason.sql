create or replace function private.explain_reason(p_reason_code text, p_facts jsonb)
returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reason record;
begin
    select e.* into strict v_reason from private.list_explanations() as e where e.reason_code = p_reason_code;
    return jsonb_build_object(
        'verdict', v_reason.verdict,
        'reason_code', v_reason.reason_code,
        'sentence', private.fill_in(v_reason.sentence, p_facts),
        'next_step', private.fill_in(v_reason.next_step, p_facts)
    );
end
$$;
comment on function private.explain_reason is
    'A reason in words: {verdict, reason_code, sentence, next_step} with the facts filled in.';
revoke all on function private.explain_reason from public, anon, authenticated, service_role;
