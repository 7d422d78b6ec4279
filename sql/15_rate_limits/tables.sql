-- Unlogged: counts are worth nothing after a minute, and writing them must not wait for a disk. A crash of the server
-- begins every window again. One row for each bucket, updated in place (HOT: no index but the primary key).
create unlogged table private.request_counts (
    bucket text not null,               -- which limit, and whose: 'GET /jobs ip:192.0.2.1'
    count integer not null,
    window_ends_at timestamptz not null,
    constraint request_counts_pkey primary key (bucket),
    constraint request_counts_bucket_check check (length(bucket) between 1 and 255)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.5);
comment on table private.request_counts is
    'How many requests each caller or address made of each kind in the current window.';
