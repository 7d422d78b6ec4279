-- What a turn of one tenant came to. See private.take_turns().
create type private.turn as (
    done integer,   -- what duty_runs.last_count counts
    used integer,   -- how much of its bound it used: rows read or written
    after text      -- where the tenant's next turn goes on, for the duty itself to understand; null: nothing is left
);
comment on type private.turn is 'What one turn of one tenant in a duty did, and whether another one is needed.';
