do $$
declare
    v_name text;
begin
    for v_name in
        select oid::regprocedure::text from pg_proc
        where pronamespace = 'public'::regnamespace and proname like 'contract\_%'
    loop
        execute format('drop function %s cascade', v_name);
    end loop;
end
$$;
drop view if exists public.contract_titles, public.contract_words;
drop table if exists public.contract_notes, public.contract_secrets;
drop type if exists public.contract_mood;
