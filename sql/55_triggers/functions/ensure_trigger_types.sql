-- Config never holds a secret: private.trigger_secrets does.
create or replace function private.ensure_trigger_types()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Of the job that a trigger enqueues; the rules for the values are those of every job (private.find_job_problem).
    v_job constant jsonb := '{
        "priority": {"type": "integer", "minimum": 0, "maximum": 20},
        "environment": {"type": "string", "minLength": 1, "maxLength": 64},
        "execution_mode": {"enum": ["lan", "internet"]},
        "required_capabilities": {"type": "array", "maxItems": 100, "items": {"type": "string"}},
        "required_tags": {"type": "array", "maxItems": 100, "items": {"type": "string"}},
        "robot_id": {"type": "string", "minLength": 1, "maxLength": 64},
        "pool": {"type": "string", "minLength": 1, "maxLength": 64},
        "concurrency_key": {"type": "string", "minLength": 1, "maxLength": 255},
        "max_attempts": {"type": "integer", "minimum": 1, "maximum": 100},
        "timeout_seconds": {"type": "integer", "minimum": 1, "maximum": 604800},
        "progress_timeout_seconds": {"type": "integer", "minimum": 5, "maximum": 604800},
        "retry_policy": {"type": "object"},
        "metadata": {"type": "object", "maxProperties": 100}
    }';
    v_payload constant jsonb := '{
        "payload_filter": {"type": "object", "maxProperties": 50},
        "input_mapping": {"type": "object", "maxProperties": 100},
        "cooldown_seconds": {"type": "integer", "minimum": 0, "maximum": 2592000},
        "rate_limit_per_minute": {"type": "integer", "minimum": 0, "maximum": 100000}
    }';
    v_common constant jsonb := v_job || v_payload;
    v_words constant jsonb := '{"type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "string", "minLength": 1, "maxLength": 255}}';
    v_text constant jsonb := '{"type": "string", "minLength": 1, "maxLength": 1024}';
begin
    insert into private.trigger_types (trigger_type, title, description, fired_by, unavailable, config_schema)
    select t.trigger_type, t.title, t.description, t.fired_by, t.unavailable, jsonb_build_object(
        -- Of a schedule, the schedule judges the rest.
        'type', 'object', 'additionalProperties', t.trigger_type = 'schedule', 'required', t.required, 'properties', t.properties
    )
    from (
        values
            (
                'webhook', 'Webhook', 'A sender posts to the URL of the trigger and proves itself as auth says.',
                'sender', null, '[]'::jsonb,
                v_common || '{
                    "auth": {"enum": ["secret", "bearer", "github", "stripe", "slack", "zoom", "graph", "standard", "none", "api_key", "hmac_sha1", "hmac_sha256", "hmac_sha384", "hmac_sha512", "jwt"]},
                    "path": {"type": "string", "minLength": 1, "maxLength": 200},
                    "methods": {"type": "array", "minItems": 1, "maxItems": 5, "items": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]}},
                    "header": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9-]+$"},
                    "public_key": {"type": "string", "minLength": 40, "maxLength": 64, "pattern": "^whpk_[A-Za-z0-9+/=]+$"},
                    "verify_token": {"type": "string", "minLength": 8, "maxLength": 255},
                    "allowed_ips": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "string", "maxLength": 50}},
                    "headers_filter": {"type": "object", "maxProperties": 50},
                    "dedupe_window_seconds": {"type": "integer", "minimum": 0, "maximum": 86400},
                    "schema": {"type": ["object", "boolean"]}
                }'::jsonb
            ),
            (
                'schedule', 'Schedule', 'Another name of a schedule: at the times of a cron expression, or whatever else schedules know.',
                'schedule', null, '[]'::jsonb,
                '{
                    "cron": {"type": "string", "minLength": 1, "maxLength": 255},
                    "timezone": {"type": "string", "minLength": 1, "maxLength": 64},
                    "input": {"type": "object"}
                }'::jsonb
            ),
            (
                'manual', 'By hand', 'Somebody fires it.', 'person', null, '[]'::jsonb, v_common
            ),
            (
                'workflow_call', 'After a workflow',
                'Another workflow completed: its result, if it is an object, is the input of this one.', 'event', null,
                '["source_workflow_id"]'::jsonb,
                v_common || '{"source_workflow_id": {"type": "string", "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"}}'::jsonb
            ),
            (
                'error', 'After a failure', 'A job failed or took too long, of any workflow or of one.', 'event', null, '[]'::jsonb,
                v_common || '{"source_workflow_id": {"type": "string", "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"}}'::jsonb
            ),
            (
                'event_bus', 'Event', 'An event of the tenant, such as robot.offline, or all of a kind: robot.*', 'event', null,
                '["events"]'::jsonb,
                v_common || jsonb_build_object('events', jsonb_set(v_words, '{items,pattern}', '"^[a-z_]+\\.([a-z_]+|\\*)$"'))
            ),
            (
                'db_change', 'Database change', 'A table of this database changed: its table trigger runs fire_on_change().', 'database',
                null, '[]'::jsonb,
                v_common || jsonb_build_object(
                    'table', v_text,
                    'events', '{"type": "array", "minItems": 1, "maxItems": 3, "items": {"enum": ["insert", "update", "delete"]}}'::jsonb
                )
            ),
            (
                'api_poll', 'API that is polled', 'An integration is asked at an interval, and its answer changed.', 'schedule',
                'There are no integrations yet that it could ask. A schedule can run a workflow that asks the API and compares.', '[]'::jsonb, v_common
            ),
            (
                'file_watch', 'Files', 'A robot watches a folder that its owner allows: created (the default), modified and deleted files.', 'robot', null, '["path"]'::jsonb,
                v_common || jsonb_build_object(
                    'path', v_text,
                    'patterns', v_words,
                    'events', '{"type": "array", "minItems": 1, "maxItems": 3, "items": {"enum": ["created", "modified", "deleted"]}}'::jsonb,
                    'recursive', '{"type": "boolean"}'::jsonb
                )
            ),
            (
                'email', 'Mail', 'A robot watches the mailbox that its owner allows; filter: texts that from, to and subject must contain.', 'robot', null, '["mailbox"]'::jsonb,
                v_common || jsonb_build_object(
                    'mailbox', v_text, 'folder', v_text,
                    'filter', '{"type": "object", "maxProperties": 50}'::jsonb,
                    'interval_seconds', '{"type": "integer", "minimum": 10, "maximum": 86400}'::jsonb
                )
            ),
            (
                'form', 'Form', 'Somebody fills in a form of a robot''s program.', 'robot', null, '[]'::jsonb,
                v_common || '{"form": {"type": "object"}}'::jsonb
            ),
            (
                'chat', 'Chat', 'Somebody writes to a chat that a robot''s program reads.', 'robot', null, '[]'::jsonb,
                v_common || '{"chat": {"type": "object"}}'::jsonb
            ),
            (
                'app_event', 'Application event', 'A program on a robot''s machine does something.', 'robot', null, '[]'::jsonb,
                v_common || '{"app": {"type": "object"}}'::jsonb
            )
    ) as t (trigger_type, title, description, fired_by, unavailable, required, properties)
    on conflict (trigger_type) do update
    set title = excluded.title,
        description = excluded.description,
        fired_by = excluded.fired_by,
        unavailable = excluded.unavailable,
        config_schema = excluded.config_schema;
end
$$;
comment on function private.ensure_trigger_types is 'Writes the types of triggers that every tenant shares. Can be run again.';
revoke all on function private.ensure_trigger_types from public, anon, authenticated, service_role;

select private.ensure_trigger_types();
