-- Back to the tutorial's tables: every todo and user stays; keys, revisions,
-- times and tombstones go. After another upgrade the numbers start again, so
-- clients that know the old ones must pull from the start (`tudone sync --full`).

drop view if exists public.todo_changes;

drop trigger if exists todos_lock_caller on public.todos;
drop trigger if exists todos_stamp_insert on public.todos;
drop trigger if exists todos_stamp_update on public.todos;
drop trigger if exists todos_record_insert on public.todos;
drop trigger if exists todos_record_update on public.todos;
drop trigger if exists todos_record_delete on public.todos;
drop function if exists public.todos_lock_caller();
drop function if exists public.todos_stamp_insert();
drop function if exists public.todos_stamp_update();
drop function if exists public.todos_record_insert();
drop function if exists public.todos_record_update();
drop function if exists public.todos_record_delete();
drop function if exists public.purge_todo_tombstones(interval);

drop table if exists public.todo_tombstones;
drop sequence if exists public.todo_revision;

drop index if exists public.todos_user_id_revision_idx;
alter table public.todos
  drop constraint if exists todos_user_id_client_id_key,
  drop constraint if exists todos_user_id_fkey,
  drop column if exists client_id,
  drop column if exists revision,
  drop column if exists created_at,
  drop column if exists updated_at;
alter table public.users
  drop column if exists revision,
  drop column if exists purged_revision;
