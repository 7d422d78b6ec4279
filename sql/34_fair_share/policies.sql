alter table private.shares enable row level security, force row level security;
alter table private.share_usage enable row level security, force row level security;
