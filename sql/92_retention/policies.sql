alter table private.retentions enable row level security, force row level security;
alter table private.exports enable row level security, force row level security;
