-- What the duties do, and what happens when they do not run: docs/operations.md.
select cron.schedule('casare_ensure_job_partitions', '17 3 * * *', $$select private.run_duty('ensure_job_partitions')$$);
select cron.schedule('casare_place_default_jobs', '7 * * * *', $$select private.run_duty('place_default_jobs')$$);
select cron.schedule('casare_drop_job_partitions', '47 * * * *', $$select private.run_duty('drop_job_partitions')$$);
select cron.schedule('casare_purge_expired_jobs', '* * * * *', $$select private.run_duty('purge_expired_jobs')$$);
select cron.schedule('casare_purge_expired_dead_letters', '*/10 * * * *', $$select private.run_duty('purge_expired_dead_letters')$$);
select cron.schedule('casare_purge_expired_late_results', '*/10 * * * *', $$select private.run_duty('purge_expired_late_results')$$);
select cron.schedule('casare_purge_expired_job_logs', '* * * * *', $$select private.run_duty('purge_expired_job_logs')$$);
select cron.schedule('casare_purge_expired_events', '* * * * *', $$select private.run_duty('purge_expired_events')$$);
select cron.schedule('casare_purge_expired_robot_commands', '51 * * * *', $$select private.run_duty('purge_expired_robot_commands')$$);
select cron.schedule('casare_purge_expired_schedule_fires', '53 * * * *', $$select private.run_duty('purge_expired_schedule_fires')$$);
select cron.schedule('casare_purge_expired_audit_log', '57 * * * *', $$select private.run_duty('purge_expired_audit_log')$$);
