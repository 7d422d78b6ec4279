select cron.schedule('casare_purge_idempotency_keys', '17 * * * *', $$select private.run_duty('purge_idempotency_keys')$$);
select cron.schedule('casare_purge_login_attempts', '27 * * * *', $$select private.run_duty('purge_login_attempts')$$);
