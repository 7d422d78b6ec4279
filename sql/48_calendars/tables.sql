create table private.calendar_quotas (
    plan public.tenant_plan not null,
    max_calendars integer not null,
    constraint calendar_quotas_pkey primary key (plan),
    constraint calendar_quotas_max_calendars_check check (max_calendars > 0)
);
comment on table private.calendar_quotas is 'What a plan allows of business calendars.';
insert into private.calendar_quotas (plan, max_calendars)
values ('free', 5), ('pro', 50), ('enterprise', 500);

create table public.calendars (
    calendar_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    name text not null,
    working_hours jsonb not null,       -- {"mon": ["09:00", "17:00"], …}; a day that is not in it is no working day
    country text,                       -- ISO 3166, with the part of it whose holidays count
    subdivision text,
    rules jsonb not null default '[]',  -- own days: see private.find_calendar_rule_problem()
    rules_until date,                   -- to when the rules stand in calendar_days
    holidays_until date,                -- and the country's holidays, if there is one
    warned_until date,                  -- of which of these dates calendar.expiring told
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint calendars_pkey primary key (calendar_id),
    constraint calendars_tenant_id_calendar_id_key unique (tenant_id, calendar_id),
    constraint calendars_tenant_id_name_key unique (tenant_id, name),
    constraint calendars_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint calendars_name_check check (length(name) between 1 and 255),
    constraint calendars_subdivision_check check (subdivision is null or country is not null),
    constraint calendars_holidays_until_check check ((holidays_until is null) = (country is null))
);
comment on table public.calendars is 'When a tenant works: days and hours of the week, holidays, own rules. Schedules heed it on their own clocks.';

create table public.calendar_days (
    tenant_id uuid not null,
    calendar_id uuid not null,
    day date not null,
    source public.calendar_day_source not null,
    is_working boolean not null default false,
    name text not null,
    constraint calendar_days_pkey primary key (tenant_id, calendar_id, day, source),
    constraint calendar_days_tenant_id_calendar_id_fkey foreign key (tenant_id, calendar_id)
        references public.calendars (tenant_id, calendar_id) on delete cascade
);
comment on table public.calendar_days is 'The days on which a calendar differs from its week: holidays, and days on which there is work all the same.';

create table public.calendar_blackouts (
    tenant_id uuid not null,
    calendar_id uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    reason text not null,
    constraint calendar_blackouts_pkey primary key (tenant_id, calendar_id, starts_at, ends_at),
    constraint calendar_blackouts_tenant_id_calendar_id_fkey foreign key (tenant_id, calendar_id)
        references public.calendars (tenant_id, calendar_id) on delete cascade,
    constraint calendar_blackouts_ends_at_check check (ends_at > starts_at)
);
comment on table public.calendar_blackouts is 'From when until when nothing of a calendar''s schedules runs, whatever the day.';
