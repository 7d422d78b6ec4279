-- Without a SET clause, so that it is inlined. ASCII, which most text is, is as it is.
create or replace function private.nfc(p_text text)
returns text
language sql
immutable
parallel safe
as $$
    select case when pg_catalog.octet_length(p_text) = pg_catalog.length(p_text) then p_text else normalize(p_text, nfc) end
$$;
comment on function private.nfc is
    'A text that names something, as it is kept and looked for: two spellings of é are one name (Unicode''s normal form C).';
revoke all on function private.nfc from public, anon, authenticated, service_role;
