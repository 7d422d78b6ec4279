-- The words that support people send to customers. docs/why-is-my-job-waiting.md shows each; a test compares the two.
create or replace function private.list_explanations()
returns table (
    reason_code text,
    verdict text,       -- ready | waiting | blocked | held | finished | idle | note
    nearness integer,   -- of a robot's clauses: how near the robot is to getting the job, 1 is the nearest, 40 and more lack something
    sentence text,      -- with {facts}
    next_step text
)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    values
        ('next_in_line', 'ready', 1, 'Robot {robot} gets this job with its next claim.', 'Nothing is in the way. If it stays like this for a minute, look whether the robot''s program runs.'),
        ('when_it_is_time', 'waiting', 1, 'Robot {robot} may take this job when its time has come.', 'Wait for that time.'),
        ('better_jobs_ahead', 'waiting', 2, 'Robot {robot} takes {ahead} other jobs first: they have a better priority or are older.', 'Wait, enqueue with a better priority (0 is the best), or start more robots.'),
        ('tenant_limit_reached', 'waiting', 2, '{running} of at most {max_running} jobs of this tenant run now.', 'Wait for one of them, or raise the limit of the tenant.'),
        ('workflow_limit_reached', 'waiting', 2, '{running} of at most {max_running} jobs of the workflow {limited_workflow} run now.', 'Wait for one of them, or raise the limit of the workflow.'),
        ('key_limit_reached', 'waiting', 2, '{running} of at most {max_running} jobs with the concurrency key {limited_key} run now.', 'Wait for one of them, or raise the limit of the key.'),
        ('tenant_paused', 'blocked', 2, 'The jobs of this tenant are paused: its limit is 0.', 'Raise or remove the limit of the tenant.'),
        ('workflow_paused', 'blocked', 2, 'The jobs of the workflow {limited_workflow} are paused: its limit is 0.', 'Raise or remove the limit of the workflow.'),
        ('key_paused', 'blocked', 2, 'The jobs with the concurrency key {limited_key} are paused: its limit is 0.', 'Raise or remove the limit of the key.'),
        ('pool_turn', 'waiting', 2, 'The robots of the pool {pool} serve its members in turn; {ahead} other jobs of this tenant go first.', 'Wait for the turn, enqueue with a better priority (it counts among jobs of this tenant), or ask the owner of the pool for a greater weight or more robots.'),
        ('pool_limit_reached', 'waiting', null, '{running} of at most {max_running} jobs of this tenant run in the pool {limited_pool} now.', 'Wait for one of them, or ask the owner of the pool for a greater max_running.'),
        ('pool_paused', 'blocked', null, 'The jobs of this tenant are paused in the pool {limited_pool}: its max_running there is 0.', 'Ask the owner of the pool for a greater max_running.'),
        ('pool_robots_busy', 'waiting', null, 'All robots of the pool {pool} that could run this job are busy.', 'Wait for one of them, or ask the owner of the pool for more robots.'),
        ('pool_next', 'ready', null, 'A robot of the pool {pool} gets this job with its next claim.', 'Nothing is in the way. If it stays like this for a minute, ask the owner of the pool whether its robots run.'),
        ('pool_no_robot_online', 'blocked', null, 'No robot of the pool {pool} that could run this job is at work.', 'Ask the owner of the pool, or cancel the job and enqueue it without the pool.'),
        ('pool_no_robot_suits', 'blocked', null, 'No robot of the pool {pool} has what this job asks for.', 'Ask the owner of the pool for such a robot, or cancel the job and enqueue it with other demands.'),
        ('pool_left', 'blocked', null, 'This tenant is not a member of the pool {pool} any more.', 'Cancel the job and enqueue it without the pool, or ask the owner of the pool for an invitation.'),
        ('pool_deleted', 'blocked', null, 'The pool that this job asks for was deleted.', 'Cancel the job and enqueue it without the pool.'),
        ('slots_full', 'waiting', 3, 'Robot {robot} holds {load} of at most {slots} jobs and has no free slot.', 'Wait for one of them, raise the robot''s max_concurrent_jobs, or start more robots.'),
        ('robot_deaf', 'blocked', 4, 'Robot {robot} sends heartbeats, but has not asked for a job since {last_claim}, although work waits for it.', 'Restart the robot''s program.'),
        ('robot_in_error', 'blocked', 5, 'Robot {robot} says of itself that it is in error. It may claim, but most likely does not.', 'Look at the robot, mend it, and set its status to idle.'),
        ('robot_offline', 'blocked', 6, 'Robot {robot} is offline: it was last heard of {last_seen}.', 'Start the robot, or look at its machine and network.'),
        ('robot_signed_off', 'blocked', 7, 'Robot {robot} has signed off; it was last heard of {last_seen}.', 'Start the robot again.'),
        ('robot_key_missing', 'blocked', 8, 'Robot {robot} has no live key: its keys were revoked or have expired.', 'Create a new key for the robot and start the robot with it.'),
        ('robot_quarantined', 'blocked', 9, 'Robot {robot} is in quarantine since {quarantined}: {quarantine_reason}', 'Find out what is wrong with the robot, then release it.'),
        ('robot_paused', 'blocked', 10, 'Robot {robot} is paused.', 'Resume the robot.'),
        ('robot_draining', 'blocked', 11, 'Robot {robot} is draining: it finishes what it holds and takes nothing more.', 'Resume the robot, or start another one.'),
        ('robot_in_maintenance', 'blocked', 12, 'Robot {robot} is in maintenance.', 'Resume the robot when the maintenance is over.'),
        ('robot_disabled', 'blocked', 13, 'Robot {robot} is disabled.', 'Resume the robot if it shall work again.'),
        ('robot_session_locked', 'blocked', 14, 'The screen of robot {robot} is locked: it gets no job that asks for an open session.', 'Unlock the screen of the robot''s machine, or enqueue the job without the capability session:interactive.'),
        ('missing_internet', 'blocked', 40, 'Robot {robot} does not take jobs of the execution mode internet.', 'Register a robot with is_internet, or enqueue the job for the execution mode lan.'),
        ('missing_tag', 'blocked', 41, 'Robot {robot} lacks {missing}.', 'Give a robot the tag, or enqueue the job without it.'),
        ('missing_capability', 'blocked', 42, 'Robot {robot} lacks {missing}.', 'Give a robot the capability, or enqueue the job without it.'),
        ('not_in_pool', 'blocked', 43, 'Robot {robot} is not in the pool {pool}.', 'Put a robot in the pool, or enqueue the job without it.'),
        ('wrong_environment', 'blocked', 44, 'Robot {robot} works in the environment {robot_environment}; the job is for {job_environment}.', 'Start a robot in that environment, or enqueue the job for another one.'),
        ('nothing_waiting', 'idle', null, 'No job waits in the queue of this tenant.', 'Nothing is wrong. Enqueue a job.'),
        ('next_claim', 'ready', null, 'Robot {robot} gets job {next_job} with its next claim.', 'Nothing is in the way. If it stays like this for a minute, look whether the robot''s program runs.'),
        ('next_turn', 'ready', null, 'Robot {robot} serves the pool {pool}: with its next claim it gets a job of the member whose turn it is.', 'Nothing is in the way. If it stays like this for a minute, look whether the robot''s program runs.'),
        ('nothing_suitable', 'idle', null, 'Jobs wait, but none that robot {robot} may have. The nearest, job {nearest_job}, asks for {demand}.', 'Change the robot or the jobs, or leave them to other robots.'),
        ('workflow_deleted', 'waiting', null, 'The workflow {workflow} was deleted; the job is being cancelled, and no robot gets it.', 'Nothing: the job ends by itself within minutes.'),
        ('run_at_in_future', 'waiting', null, 'The job is to run at {run_at}.', 'Wait, or cancel it and enqueue it without a time.'),
        ('retry_backoff', 'waiting', null, 'Attempt {attempts} of {max_attempts} failed ({error}). The next one is at {run_at}.', 'Wait, or cancel the job when another attempt cannot help.'),
        ('start_backoff', 'waiting', null, 'The job was handed out {times} times in a row and no robot kept it: it was not started, or its robot was started again. It is handed out again at {run_at}.', 'Look whether robots that claim the job reach the service and start what they claim, or cancel the job.'),
        ('about_to_be_ready', 'waiting', null, 'The job''s time came at {run_at}; it joins the queue within seconds.', 'If it stays like this for two minutes, the platform''s cron and all robots are standing still.'),
        ('no_robot_registered', 'blocked', null, 'No robot is registered.', 'Register a robot: casare-cloud robot run.'),
        ('no_robot_online', 'blocked', null, 'No robot (of {robots}) is online. {nearest}', 'Start a robot.'),
        ('no_robot_suits', 'blocked', null, 'No robot (of {robots}) can take this job now. The nearest: {nearest}', '{nearest_step}'),
        ('target_robot_deleted', 'blocked', null, 'Only robot {robot} may run this job, and it was deleted.', 'Cancel the job and enqueue it for another robot.'),
        ('target_robot_unavailable', 'blocked', null, 'Only one robot may run this job. {nearest}', '{nearest_step}'),
        ('held_claimed', 'held', null, 'Robot {robot} has claimed the job and not started it yet. It holds it until {lease_until}.', 'Wait. If the robot is gone, another one gets the job after that time.'),
        ('held_running', 'held', null, 'Robot {robot} runs the job: {progress} percent, last progress {last_progress}. It holds it until {lease_until} and renews that.', 'Wait, or cancel the job.'),
        ('lease_expired', 'held', null, 'Robot {robot} did not renew its hold of the job, which ended at {lease_until}.', 'Wait a minute: the job is given to another robot, or ends, by itself.'),
        ('time_over', 'held', null, 'The time of the job with robot {robot} ended at {lease_until}.', 'Wait a minute: the job is tried again, or ends, by itself.'),
        ('cancel_requested', 'held', null, 'Robot {robot} was asked at {cancel_requested} to stop the job: {cancel_reason} It has not stopped yet, and holds the job until {lease_until} unless it renews that.', 'Wait: the job ends when the robot says so or its hold ends. If it does not, cancel the job by force (casare-cloud jobs cancel --force) from {forceable} on.'),
        ('completed', 'finished', null, 'The job was completed by robot {robot} at {finished}.', 'Nothing.'),
        ('completed_despite_cancel', 'finished', null, 'The job was completed by robot {robot} at {finished}, although it had been asked at {cancel_requested} to stop.', 'Nothing can be taken back: look whether what the job did has to be undone.'),
        ('failed', 'finished', null, 'The job failed at {finished}: {error}', 'Mend the cause, then retry the job. The same version of the workflow runs again: if the mistake is in the workflow, submit the mended one instead.'),
        ('timed_out', 'finished', null, 'The job took longer than its timeout of {timeout} seconds and ended at {finished}.', 'Raise timeout_seconds or find out what hangs, then retry the job.'),
        ('no_progress', 'finished', null, 'Robot {robot} reported no progress for {progress_timeout} seconds, and the job ended at {finished}.', 'Find out what hangs or raise progress_timeout_seconds, then retry the job.'),
        ('cancelled', 'finished', null, 'The job was cancelled at {finished}: {error}', 'Retry the job if it shall run after all; if its workflow was deleted, submit that again instead.'),
        ('dead_lettered', 'finished', null, 'The job ended at {finished} after {attempts} of {max_attempts} attempts and is a dead letter ({dead_reason}): {error}', 'Mend the cause, then queue it again with casare-cloud dlq retry, or delete the dead letter. The same version of the workflow runs again: if the mistake is in the workflow, submit the mended one instead.'),
        ('requeued', 'finished', null, 'The job ended at {finished} ({error}) and was queued again as job {requeued_job}.', 'Look at that job.'),
        ('workflow_disabled', 'note', null, 'The workflow {workflow} is deleted, archived or disabled: it takes no new jobs. Of a deleted one the jobs that wait are cancelled; all others still run.', 'Cancel the jobs that shall not run. To enqueue jobs again, submit the workflow as a new one.')
$$;
comment on function private.list_explanations is
    'Every reason why a job waits or a robot gets nothing, with the sentence and what to do, with placeholders for {facts}.';
revoke all on function private.list_explanations from public, anon, authenticated, service_role;
