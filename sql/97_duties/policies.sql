alter table private.duties enable row level security, force row level security;
alter table private.duty_runs enable row level security, force row level security;
