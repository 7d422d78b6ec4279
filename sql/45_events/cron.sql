select cron.schedule('casare_sequence_events', '* * * * *', $$select private.run_duty('sequence_events')$$);
