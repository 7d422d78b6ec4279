-- What runs on a working day is what is planned for its hours, and what is moved there: from the closed days before it (next)
-- or after it (previous) at the same time of day, and from hours in between, to the opening. So a working day is looked at with
-- those closed days, one look at each stretch of time, however many times are planned in it; then the next day with something.
create or replace function private.next_moved_time(p_schedule public.schedules, p_after timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_zone text := p_schedule.timezone;
    v_is_next boolean := p_schedule.on_closed_day = 'next';
    v_calendar public.calendars := private.find_calendar(p_schedule.tenant_id, p_schedule.calendar_id);
    v_day date := (p_after at time zone v_zone)::date;
    v_other date;               -- the working day on the other side of the closed ones
    v_hours record;
    v_other_hours record;
    v_from timestamp;
    v_until timestamp;
    v_opens timestamp;
    v_closes timestamp;
    v_planned timestamptz;
    v_best timestamptz;
    v_closed date;
begin
    if (private.read_calendar_day(v_calendar, v_day)).opens_at is null then
        v_day := private.next_working_day(v_calendar, v_day, 1);
    end if;
    while v_day is not null loop
        v_until := null;
        v_hours := private.read_calendar_day(v_calendar, v_day);
        v_opens := v_day + v_hours.opens_at;
        v_closes := v_day + v_hours.closes_at;
        -- In its own hours.
        v_best := private.planned_between(p_schedule, v_opens, v_closes, p_after);
        v_other := private.next_working_day(v_calendar, v_day, case when v_is_next then -1 else 1 end);
        if v_other is not null then
            v_other_hours := private.read_calendar_day(v_calendar, v_other);
            v_from := case when v_is_next then v_other + v_other_hours.closes_at else v_closes end;
            v_until := case when v_is_next then v_opens else v_other + v_other_hours.opens_at end;
            for v_closed in select g::date from generate_series(v_from::date, v_until::date, interval '1 day') as g loop
                -- At the same time of day, if that lies in the hours.
                if v_closed <> v_day and v_closed <> v_other then
                    v_planned := private.planned_between(
                        p_schedule, v_closed + v_hours.opens_at, v_closed + v_hours.closes_at,
                        case
                            when v_day = (p_after at time zone v_zone)::date
                                then (v_closed + (p_after at time zone v_zone)::time) at time zone v_zone
                        end
                    );
                    v_best := least(
                        v_best, private.first_instant(v_day + (v_planned at time zone v_zone)::time, v_zone)
                    );
                end if;
                -- Before the hours, or after them: at the opening.
                if v_best is null or v_best > private.first_instant(v_opens, v_zone) then
                    if coalesce(
                        private.planned_between(
                            p_schedule, greatest(v_closed, v_from),
                            least(case when v_closed in (v_day, v_other) then v_until else v_closed + v_hours.opens_at end, v_until, v_closed + 1),
                            null
                        ),
                        case when v_closed not in (v_day, v_other) then private.planned_between(
                            p_schedule, greatest(v_closed + v_hours.closes_at, v_from), least(v_until, v_closed + 1), null
                        ) end
                    ) is not null and private.first_instant(v_opens, v_zone) > p_after then
                        v_best := private.first_instant(v_opens, v_zone);
                    end if;
                end if;
            end loop;
        end if;
        if v_best > p_after then
            return v_best;
        end if;
        -- Nothing: on with the day that the next planned time comes to.
        v_planned := private.next_planned_time(
            p_schedule, private.first_instant(greatest(v_closes, v_until), v_zone) - interval '1 microsecond'
        );
        if v_planned is null then
            return null;
        end if;
        v_closed := (v_planned at time zone v_zone)::date;
        v_hours := private.read_calendar_day(v_calendar, v_closed);
        if v_hours.opens_at is null
            or not v_is_next and v_planned at time zone v_zone < v_closed + v_hours.opens_at
        then
            v_closed := private.next_working_day(v_calendar, v_closed, case when v_is_next then 1 else -1 end);
        end if;
        v_other := private.next_working_day(v_calendar, v_day, 1);
        v_day := case when v_other is not null then greatest(v_other, v_closed) end;
    end loop;
    return null;
end
$$;
comment on function private.next_moved_time is
    'The first time after p_after at which a schedule runs that its calendar moves from closed days to the next working day, or to the one before.';
revoke all on function private.next_moved_time from public, anon, authenticated, service_role;
