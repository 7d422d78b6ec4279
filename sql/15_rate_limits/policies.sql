alter table private.request_counts enable row level security, force row level security;
revoke all on private.request_counts from anon, authenticated, service_role;
