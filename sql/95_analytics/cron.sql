select cron.schedule(
    'casare_purge_expired_job_node_executions', '*/10 * * * *',
    $$select private.run_duty('purge_expired_job_node_executions')$$
);
select cron.schedule('casare_purge_job_rollups', '23 4 * * *', $$select private.run_duty('purge_job_rollups')$$);
