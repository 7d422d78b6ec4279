select cron.schedule('casare_purge_request_counts', '*/10 * * * *', 'select private.purge_request_counts()');
