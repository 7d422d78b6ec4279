alter table private.limits enable row level security, force row level security;
alter table private.limit_counters enable row level security, force row level security;
