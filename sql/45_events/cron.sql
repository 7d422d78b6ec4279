select cron.schedule('casare_sequence_events', '* * * * *', 'select private.sequence_events()');
