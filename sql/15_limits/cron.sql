select cron.schedule('casare_purge_request_counts', '*/10 * * * *', $$select private.run_duty('purge_request_counts')$$);
