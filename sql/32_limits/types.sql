-- In the order in which they are locked.
create type private.limit_scope as enum ('pool', 'tenant', 'workflow', 'key');
