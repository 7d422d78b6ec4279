-- Without a SET clause, so that it is inlined.
-- The list is normalised as it is written: no character that Unicode composes is a bracket, a comma or a quotation mark.
create or replace function private.nfc_words(p_words text[])
returns text[]
language sql
stable
parallel safe
as $$
    select case
        when pg_catalog.octet_length(p_words::text) = pg_catalog.length(p_words::text) then p_words
        else normalize(p_words::text, nfc)::text[]
    end
$$;
comment on function private.nfc_words is 'The words of a list as private.nfc() keeps a text.';
revoke all on function private.nfc_words from public, anon, authenticated, service_role;
