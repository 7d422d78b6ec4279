alter table private.waiting_robots enable row level security, force row level security;
alter table private.low_water enable row level security, force row level security;
