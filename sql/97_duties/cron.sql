-- One job for all duties, so that cron opens one connection and not one for each: private.run_duties(). VACUUM alone cannot run in
-- a procedure. What earlier versions scheduled goes.
select cron.unschedule(j.jobid)
from cron.job as j
where j.jobname like 'casare\_%' and j.jobname not in ('casare_run_duties', 'casare_vacuum_hot_tables');

do $$
begin
    perform cron.schedule('casare_run_duties', '5 seconds', 'call private.run_duties()');
exception
    when others then
        raise notice 'cron knows no seconds here (%): duties run once a minute, and claims do what must be sooner.', sqlerrm;
        perform cron.schedule('casare_run_duties', '* * * * *', 'call private.run_duties()');
end
$$;
-- Autovacuum wakes once a minute and may be busy elsewhere; dead rows here cost every claim.
select cron.schedule(
    'casare_vacuum_hot_tables', '* * * * *',
    'vacuum (skip_locked, truncate false) private.ready, private.leases, private.scheduled, private.duties, private.duty_runs, private.low_water, private.lanes, private.limit_counters, private.pool_turns, private.event_inbox, private.event_counters'
);
