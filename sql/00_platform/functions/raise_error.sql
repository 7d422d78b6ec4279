create or replace function private.raise_error(p_status integer, p_code text, p_message text, p_hint text default null)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    -- PostgREST puts the sentence into the status line of its answer, which ends at a line feed.
    v_message text := left(regexp_replace(p_message, '[\u0001-\u001F\u007F-\u009F\u2028\u2029]+', ' ', 'g'), 500);
begin
    if p_hint is null then
        raise exception using errcode = 'PT' || p_status, message = v_message, detail = p_code;
    else
        raise exception using errcode = 'PT' || p_status, message = v_message, detail = p_code, hint = p_hint;
    end if;
end
$$;
comment on function private.raise_error is
    'Ends the transaction with an HTTP status, a code to switch on (detail) and a sentence: one convention for the Data API and for Python. The sentence is one line of at most 500 characters, whatever names stand in it.';
revoke all on function private.raise_error from public, anon, authenticated, service_role;
