create or replace function private.raise_error(p_status integer, p_code text, p_message text, p_hint text default null)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_hint is null then
        raise exception using errcode = 'PT' || p_status, message = p_message, detail = p_code;
    else
        raise exception using errcode = 'PT' || p_status, message = p_message, detail = p_code, hint = p_hint;
    end if;
end
$$;
comment on function private.raise_error(integer, text, text, text) is
    'Ends the transaction with an HTTP status, a code to switch on (detail) and a sentence: one convention for the Data API and for Python.';
revoke all on function private.raise_error(integer, text, text, text) from public, anon, authenticated, service_role;
