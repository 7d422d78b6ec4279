create or replace function private.explain_reason(p_reason_code text, p_facts jsonb)
returns jsonb
language plpgsql
immutable
set search_path = ''
as $$
declare
    v_reason record;
    v_fact record;
begin
    select e.* into strict v_reason from private.list_explanations() as e where e.reason_code = p_reason_code;
    for v_fact in select f.key, f.value from jsonb_each_text(p_facts) as f loop
        v_reason.sentence := replace(v_reason.sentence, '{' || v_fact.key || '}', coalesce(v_fact.value, 'unknown'));
        v_reason.next_step := replace(v_reason.next_step, '{' || v_fact.key || '}', coalesce(v_fact.value, 'unknown'));
    end loop;
    return jsonb_build_object(
        'verdict', v_reason.verdict,
        'reason_code', v_reason.reason_code,
        'sentence', v_reason.sentence,
        'next_step', v_reason.next_step
    );
end
$$;
comment on function private.explain_reason(text, jsonb) is
    'A reason in words: {verdict, reason_code, sentence, next_step} with the facts filled in.';
revoke all on function private.explain_reason(text, jsonb) from public, anon, authenticated, service_role;
