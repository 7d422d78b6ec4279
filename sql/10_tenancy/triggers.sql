-- raw_app_meta_data can be written by the admin API only; raw_user_meta_data, which users write, is never looked at.
-- "or replace" needs no ownership of auth.users, which postgres does not have; dropping would.
create or replace trigger casare_register_user
after insert or update of raw_app_meta_data, deleted_at on auth.users
for each row
execute function private.register_user();
