select cron.schedule('casare_fire_due_schedules', '* * * * *', $$select private.run_duty('fire_due_schedules')$$);
