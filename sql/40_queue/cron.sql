select private.ensure_job_partitions();

-- Every five seconds where pg_cron knows seconds. Where it knows minutes only, claims do the same work: see
-- private.run_due_duties().
do $$
begin
    perform cron.schedule('casare_run_due_duties', '5 seconds', 'select private.run_due_duties()');
exception
    when others then
        raise notice 'cron knows no seconds here (%): the minute''s duties and the claims do it.', sqlerrm;
end
$$;
select cron.schedule('casare_promote_scheduled_jobs', '* * * * *', 'select private.promote_scheduled_jobs()');
select cron.schedule('casare_rescue_expired_leases', '* * * * *', 'select private.rescue_expired_leases()');
select cron.schedule('casare_recheck_low_water', '* * * * *', 'select private.recheck_low_water()');
select cron.schedule('casare_mark_offline_robots', '* * * * *', $$select private.run_duty('mark_offline_robots')$$);
select cron.schedule('casare_notice_deaf_robots', '* * * * *', $$select private.run_duty('notice_deaf_robots')$$);
select cron.schedule('casare_check_waiting_quotas', '* * * * *', $$select private.run_duty('check_waiting_quotas')$$);
select cron.schedule('casare_age_lanes', '* * * * *', $$select private.run_duty('age_lanes')$$);
select cron.schedule('casare_reconcile_limits', '*/5 * * * *', $$select private.run_duty('reconcile_limits')$$);
-- Autovacuum wakes once a minute and may be busy elsewhere; dead rows here cost every claim. VACUUM cannot run in a function.
select cron.schedule(
    'casare_vacuum_hot_tables', '* * * * *',
    'vacuum (skip_locked, truncate false) private.ready, private.leases, private.scheduled, private.duties, private.low_water, private.lanes, private.limit_counters, private.pool_turns, private.event_inbox, private.event_counters'
);
-- What pg_cron writes down of each run, and never deletes.
select cron.schedule(
    'casare_purge_cron_details', '37 * * * *',
    $$delete from cron.job_run_details where end_time < now() - interval '1 day'$$
);
