create or replace function private.webhook_path(p_path text)
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_path text := '/' || btrim(p_path, '/');
begin
    if p_path is null then
        -- Two random UUIDs, hashed: 160 bits that nobody guesses.
        return '/' || left(encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'), 40);
    elsif v_path !~ '^(/[A-Za-z0-9._~-]{1,100}){1,10}$' or v_path ~ '/\.{1,2}(/|$)' then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'config.path must be 1 to 10 parts of letters, digits, ".", "_", "~" and "-", separated by "/".'
        );
    end if;
    return v_path;
end
$$;
comment on function private.webhook_path is 'A path of a webhook as it is kept, with one "/" before each part; a new one that nobody can guess for null. Raises 400 INVALID_ARGUMENT.';
revoke all on function private.webhook_path from public, anon, authenticated, service_role;
