create type public.workflow_status as enum (
    'draft',        -- run by hand only, while enabled; draft -> published
    'published',    -- may be enqueued; published -> deprecated, archived
    'deprecated',   -- may be enqueued, nobody should; deprecated -> published, archived
    'archived'      -- kept, never run; archived -> published
);
