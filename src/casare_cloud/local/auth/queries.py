"""SQL of the Auth emulator, run as supabase_auth_admin."""

from typing import Final, LiteralString

_USER: Final[LiteralString] = """
select u.id, u.aud, u.role, u.email, u.phone, u.encrypted_password,
    u.email_confirmed_at, u.phone_confirmed_at, u.confirmed_at, u.invited_at, u.last_sign_in_at,
    u.raw_app_meta_data, u.raw_user_meta_data, u.created_at, u.updated_at,
    u.banned_until, u.deleted_at, u.is_anonymous, coalesce(u.banned_until > now(), false) as is_banned,
    (
        select coalesce(jsonb_agg(jsonb_build_object(
            'identity_id', i.id, 'id', i.provider_id, 'user_id', i.user_id, 'identity_data', i.identity_data,
            'provider', i.provider, 'last_sign_in_at', i.last_sign_in_at, 'created_at', i.created_at,
            'updated_at', i.updated_at, 'email', i.email
        ) order by i.created_at), '[]')
        from auth.identities as i
        where i.user_id = u.id
    ) as identities
from auth.users as u
"""

USER_BY_ID: Final[LiteralString] = _USER + "where u.id = %(user_id)s"

USER_BY_EMAIL: Final[LiteralString] = (
    _USER + "where u.instance_id = %(instance)s and lower(u.email) = lower(%(email)s) and not u.is_sso_user"
)

_FILTER: Final[LiteralString] = """
where %(filter)s = '' or u.email like '%%' || %(filter)s || '%%'
    or u.raw_user_meta_data ->> 'full_name' ilike '%%' || %(filter)s || '%%'
"""

LIST_USERS: Final[LiteralString] = (
    _USER
    + _FILTER
    + """
order by case when %(oldest_first)s then u.created_at end, u.created_at desc, u.id
limit %(limit)s offset %(offset)s
"""
)

COUNT_USERS: Final[LiteralString] = "select count(*) as total from auth.users as u " + _FILTER

CREATE_USER: Final[LiteralString] = """
insert into auth.users (
    instance_id, id, aud, role, email, encrypted_password, raw_app_meta_data, raw_user_meta_data,
    created_at, updated_at, confirmation_token, recovery_token, email_change_token_new, email_change
)
values (
    %(instance)s, %(user_id)s, 'authenticated', '', %(email)s, %(password_hash)s, %(app_metadata)s, %(user_metadata)s,
    now(), now(), '', '', '', ''
)
"""

CREATE_IDENTITY: Final[LiteralString] = """
insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
values (%(user_id)s::uuid::text, %(user_id)s::uuid, %(identity_data)s, 'email', now(), now(), now())
"""

SET_ROLE: Final[LiteralString] = "update auth.users set role = %(role)s, updated_at = now() where id = %(user_id)s"

_PATCH_METADATA: Final[LiteralString] = """
update auth.users
set {0} = (
        select coalesce(jsonb_object_agg(merged.key, merged.value), '{{}}')
        from jsonb_each(coalesce({0}, '{{}}') || %(patch)s::jsonb) as merged
        where not (%(patch)s::jsonb ? merged.key and merged.value = 'null')
    ),
    updated_at = now()
where id = %(user_id)s
"""

# A null in the patch removes its key.
PATCH_APP_METADATA: Final[LiteralString] = _PATCH_METADATA.format("raw_app_meta_data")
PATCH_USER_METADATA: Final[LiteralString] = _PATCH_METADATA.format("raw_user_meta_data")

CONFIRM_EMAIL: Final[LiteralString] = """
update auth.users
set email_confirmed_at = coalesce(email_confirmed_at, now()),
    raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || '{"email_verified": true}',
    updated_at = now()
where id = %(user_id)s
"""

BAN: Final[LiteralString] = """
update auth.users
set banned_until = case when %(seconds)s::float8 > 0 then now() + %(seconds)s::float8 * interval '1 second' end,
    updated_at = now()
where id = %(user_id)s
"""

SET_EMAIL: Final[LiteralString] = """
with changed as (
    update auth.identities
    set identity_data = identity_data
            || jsonb_build_object('email', %(email)s::text, 'email_verified', %(is_confirmed)s::boolean),
        updated_at = now()
    where user_id = %(user_id)s and provider = 'email'
)
update auth.users set email = %(email)s, updated_at = now() where id = %(user_id)s
"""

SET_PASSWORD: Final[LiteralString] = """
update auth.users set encrypted_password = %(password_hash)s, updated_at = now() where id = %(user_id)s
"""

DELETE_USER: Final[LiteralString] = "delete from auth.users where id = %(user_id)s"

SOFT_DELETE_USER: Final[LiteralString] = """
with forgotten as (
    update auth.identities
    set identity_data = '{}', provider_id = encode(sha256(convert_to(user_id || provider_id, 'UTF8')), 'hex')
    where user_id = %(user_id)s
)
update auth.users
set deleted_at = coalesce(deleted_at, now()),
    email = case when deleted_at is null then encode(sha256(convert_to(id || email, 'UTF8')), 'hex') else email end,
    encrypted_password = null,
    raw_app_meta_data = '{}',
    raw_user_meta_data = '{}',
    updated_at = now()
where id = %(user_id)s
"""

CREATE_SESSION: Final[LiteralString] = """
with signed_in as (
    update auth.users set last_sign_in_at = now(), updated_at = now() where id = %(user_id)s
),
session as (
    insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip)
    values (%(session_id)s, %(user_id)s, now(), now(), 'aal1', %(user_agent)s, %(ip)s)
    returning id
)
insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
select gen_random_uuid(), session.id, now(), now(), %(method)s
from session
"""

CREATE_REFRESH_TOKEN: Final[LiteralString] = """
insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id)
values (%(instance)s, %(token)s, %(user_id)s::text, false, now(), now(), %(parent)s, %(session_id)s)
"""

SESSION_OF_TOKEN: Final[LiteralString] = "select session_id, user_id from auth.refresh_tokens where token = %(token)s"

LOCK_SESSION: Final[LiteralString] = """
select s.id, coalesce(s.not_after < now(), false) as is_expired,
    coalesce(s.refreshed_at, s.created_at at time zone 'utc')
        > (clock_timestamp() at time zone 'utc') - %(reuse_seconds)s::float8 * interval '1 second' as is_just_refreshed
from auth.sessions as s
where s.id = %(session_id)s
for update
"""

TOKENS_OF_SESSION: Final[LiteralString] = """
select t.token, t.parent, t.revoked,
    t.updated_at > clock_timestamp() - %(reuse_seconds)s::float8 * interval '1 second' as was_just_used
from auth.refresh_tokens as t
where t.session_id = %(session_id)s and (t.token = %(token)s or not t.revoked)
order by t.id desc
"""

REVOKE_TOKENS_OF_SESSION: Final[LiteralString] = """
update auth.refresh_tokens
set revoked = true, updated_at = clock_timestamp()
where session_id = %(session_id)s and not revoked
"""

REVOKE_TOKEN: Final[LiteralString] = """
update auth.refresh_tokens set revoked = true, updated_at = clock_timestamp() where token = %(token)s
"""

TOUCH_SESSION: Final[LiteralString] = """
update auth.sessions
set refreshed_at = now() at time zone 'utc', updated_at = now(), user_agent = %(user_agent)s, ip = %(ip)s
where id = %(session_id)s
"""

METHODS_OF_SESSION: Final[LiteralString] = """
select authentication_method as method, extract(epoch from updated_at)::bigint as timestamp
from auth.mfa_amr_claims
where session_id = %(session_id)s
order by updated_at desc
"""

SESSION_EXISTS: Final[LiteralString] = "select id from auth.sessions where id = %(session_id)s"

# Refresh tokens go with their session.
END_SESSION: Final[LiteralString] = "delete from auth.sessions where id = %(session_id)s"

END_OTHER_SESSIONS: Final[LiteralString] = (
    "delete from auth.sessions where user_id = %(user_id)s and id <> %(session_id)s"
)

END_ALL_SESSIONS: Final[LiteralString] = "delete from auth.sessions where user_id = %(user_id)s"
