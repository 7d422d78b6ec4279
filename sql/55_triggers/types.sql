create type public.delivery_outcome as enum (
    'accepted',     -- a job came of it
    'duplicate',    -- it had come before: the first answer holds
    'filtered',     -- the trigger's filters did not want it
    'rejected',     -- no job: the reason says why
    'limited'       -- no job: the trigger's cooldown, or its rate limit
);

-- Something that happened outside the queue and that a trigger is to answer, as its door has read it.
create type private.delivery as (
    source text,                -- webhook | manual | robot | event | database
    message_id text,            -- what the sender calls it; null: it has no name
    body_hash bytea,            -- of one without a name: the same body within a while is the same delivery
    payload jsonb,
    input jsonb,                -- of the job; null: as the trigger's input_mapping says
    concurrency_key text,
    outcome public.delivery_outcome,    -- filtered or rejected, when the door knows that already
    status_code integer,
    error_code text,
    reason text,
    request jsonb,              -- how it came: method, path, address, content type, headers without secrets
    depth integer,              -- of a chain: how many jobs of triggers went before
    chain jsonb,                -- and which triggers started them
    replay_of uuid,
    created_by uuid,
    is_limited boolean          -- whether cooldown and rate limit hold for it
);

-- What became of a delivery.
create type public.trigger_answer as (
    trigger_id uuid,
    delivery_id uuid,           -- null: not written down, see private.note_delivery()
    outcome public.delivery_outcome,
    status_code integer,
    error_code text,
    reason text,
    job_id uuid,
    cooldown_remaining integer, -- seconds, of one that was limited
    rate_limit integer,         -- a minute; null: there is none
    remaining integer,
    reset_at timestamptz
);
