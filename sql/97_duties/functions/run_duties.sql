-- A procedure, because it commits after each run: no transaction is longer than one bounded part of one duty. Such a procedure
-- cannot have a SET clause. It runs as its caller, who must be the owner, and names every schema.
create or replace procedure private.run_duties(p_for interval default '50 seconds')
language plpgsql
as $$
declare
    -- The time limit of a statement is that of the whole call.
    v_limit pg_catalog.interval := pg_catalog.current_setting('statement_timeout');
    v_until pg_catalog.timestamptz := pg_catalog.clock_timestamp()
        + least(p_for, case when v_limit > '0' then v_limit / 2 end);
    v_name pg_catalog.text;
begin
    loop
        v_name := private.next_duty();
        commit;
        exit when v_name is null;
        perform private.run_duty(v_name);
        commit;
        exit when pg_catalog.clock_timestamp() >= v_until;
    end loop;
end
$$;
comment on procedure private.run_duties is
    'The dispatcher that cron calls: runs what is due, one bounded part after another and each in its own transaction, and goes on for p_for at most while a duty is behind. Those that are due take turns. Several may run at once: each duty is one''s.';
revoke all on procedure private.run_duties from public, anon, authenticated, service_role;
