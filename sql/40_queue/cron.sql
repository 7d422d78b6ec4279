select private.ensure_job_partitions();

-- Claims do the first two as well, every second and every five: see private.run_due_duties(). Minutes are what every
-- version of pg_cron has.
select cron.schedule('casare-promote-scheduled-jobs', '* * * * *', 'select private.promote_scheduled_jobs()');
select cron.schedule('casare-rescue-expired-leases', '* * * * *', 'select private.rescue_expired_leases()');
select cron.schedule('casare-mark-offline-robots', '* * * * *', 'select private.mark_offline_robots()');
select cron.schedule('casare-ensure-job-partitions', '17 3 * * *', 'select private.ensure_job_partitions()');
