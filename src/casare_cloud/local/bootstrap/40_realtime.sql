-- The SQL side of the Realtime service: the table that its broadcasts come from, and the functions that fill it.
create schema if not exists realtime;
grant usage on schema realtime to postgres with grant option;
grant usage on schema realtime to anon, authenticated, service_role, supabase_realtime_admin;

create table realtime.messages (
    topic text not null,
    extension text not null,
    payload jsonb,
    event text,
    private boolean default false,
    updated_at timestamp not null default now(),
    inserted_at timestamp not null default now(),
    id uuid not null default gen_random_uuid(),
    binary_payload bytea,
    constraint messages_pkey primary key (id, inserted_at),
    constraint messages_payload_exclusive check (payload is null or binary_payload is null)
) partition by range (inserted_at);
create index messages_inserted_at_topic_index on realtime.messages (inserted_at desc, topic)
    where extension = 'broadcast' and private is true;
alter table realtime.messages owner to supabase_realtime_admin;
alter table realtime.messages enable row level security;
grant select, insert, update on realtime.messages to anon, authenticated, service_role;
grant all on realtime.messages to postgres, dashboard_user;

create function realtime.topic() returns text language sql stable as $$
    select nullif(current_setting('realtime.topic', true), '')::text
$$;

-- As on the platform nothing ever fails here: what cannot be sent becomes a warning.
create function realtime.send(payload jsonb, event text, topic text, private boolean default true)
returns void
language plpgsql
as $$
declare
    v_id uuid := gen_random_uuid();
    v_payload jsonb := payload;
begin
    begin
        if v_payload is not null and not v_payload ? 'id' then
            v_payload := jsonb_set(v_payload, '{id}', to_jsonb(v_id));
        end if;
        perform set_config('realtime.topic', topic, true);
        insert into realtime.messages (id, payload, event, topic, private, extension)
        values (v_id, v_payload, event, topic, private, 'broadcast');
    exception when others then
        raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
    end;
end
$$;

create function realtime.send_binary(payload bytea, event text, topic text, private boolean default true)
returns void
language plpgsql
as $$
begin
    begin
        perform set_config('realtime.topic', topic, true);
        insert into realtime.messages (binary_payload, event, topic, private, extension)
        values (payload, event, topic, private, 'broadcast');
    exception when others then
        raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
    end;
end
$$;

create function realtime.broadcast_changes(
    topic_name text, event_name text, operation text, table_name text, table_schema text,
    new record, old record, level text default 'ROW'
)
returns void
language plpgsql
as $$
begin
    if level = 'STATEMENT' then
        raise exception 'function can only be triggered for each row, not for each statement';
    end if;
    if operation not in ('INSERT', 'UPDATE', 'DELETE') then
        raise exception 'Unexpected operation type: %', operation;
    end if;
    perform realtime.send(
        jsonb_build_object(
            'old_record', to_jsonb(old), 'record', to_jsonb(new), 'operation', operation,
            'table', table_name, 'schema', table_schema
        ),
        event_name, topic_name, true
    );
end
$$;

-- Days are kept from yesterday to three days ahead, as the service's janitor does; what is older than three days goes.
create function realtime.ensure_partitions(p_today date default (now() at time zone 'UTC')::date)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_day date;
    v_partition text;
begin
    for v_day in select p_today + n from generate_series(-1, 3) as n loop
        v_partition := 'messages_' || to_char(v_day, 'YYYY_MM_DD');
        if to_regclass('realtime.' || v_partition) is null then
            execute format(
                'create table realtime.%I partition of realtime.messages for values from (%L) to (%L)',
                v_partition, v_day, v_day + 1
            );
            execute format('alter table realtime.%I owner to supabase_realtime_admin', v_partition);
            execute format('alter table realtime.%I enable row level security', v_partition);
            execute format('grant all on realtime.%I to postgres, dashboard_user', v_partition);
        end if;
    end loop;
    for v_partition in
        select c.relname
        from pg_catalog.pg_inherits as i
        join pg_catalog.pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'realtime.messages'::regclass
            and to_date(right(c.relname, 10), 'YYYY_MM_DD') < p_today - 3
    loop
        execute format('drop table realtime.%I', v_partition);
    end loop;
end
$$;
comment on function realtime.ensure_partitions(date) is
    'Local stack only: makes the days of realtime.messages that the service would make, and drops those it would drop.';
revoke all on function realtime.ensure_partitions(date) from public;
grant execute on function realtime.ensure_partitions(date) to supabase_realtime_admin;

-- The service reads the write-ahead log; the emulator listens instead, and reads the row by its id.
create function realtime.notify_message() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_catalog.pg_notify('realtime_messages', new.id::text);
    return null;
end
$$;
comment on function realtime.notify_message() is 'Local stack only: tells the emulator which message was committed.';
create trigger messages_notify after insert on realtime.messages
    for each row when (new.extension = 'broadcast') execute function realtime.notify_message();

select realtime.ensure_partitions();

do $$
begin
    if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
        create publication supabase_realtime;
        alter publication supabase_realtime owner to postgres;
    end if;
end
$$;
