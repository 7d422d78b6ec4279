-- Whether a robot may claim depends on its mode and its free slots, never on the word a face shows.
create type public.robot_mode as enum (
    'active',       -- claims
    'paused',       -- claims nothing, keeps what it has
    'draining',     -- claims nothing, finishes what it has
    'maintenance',  -- claims nothing, a person is at it
    'disabled'      -- claims nothing, may not come back by itself
);
create type public.robot_health as enum ('ok', 'error');
