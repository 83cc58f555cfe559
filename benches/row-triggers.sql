-- The full backend's triggers without transition tables, statement triggers and
-- sequences, for engines that lack them: see docs/scale.md. Applied after the
-- migrations. Each number is taken from the owner's row in users, which the update
-- locks until the commit, so that the numbers of one owner become visible in order.

drop trigger todos_lock_caller on public.todos;
drop trigger todos_record_insert on public.todos;
drop trigger todos_record_update on public.todos;
drop trigger todos_record_delete on public.todos;

create function public.next_revision(owner int) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update public.users set revision = revision + 1 where id = owner returning revision
$$;

create function public.bury(owner int, client uuid, todo int) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  number bigint := public.next_revision(owner);
begin
  if number is not null then
    insert into public.todo_tombstones (user_id, client_id, todo_id, revision)
    values (owner, client, todo, number)
    on conflict (user_id, client_id) do update
    set todo_id = excluded.todo_id, revision = excluded.revision, deleted_at = now();
  end if;
end
$$;

create or replace function public.todos_stamp_insert() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
  new.revision := coalesce(public.next_revision(new.user_id), 0);
  if exists (
    select from public.todo_tombstones
    where user_id = new.user_id and client_id = new.client_id
  ) then
    return null;
  end if;
  return new;
end
$$;

create or replace function public.todos_stamp_update() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
  perform from public.users
  where id in (old.user_id, new.user_id) order by id for no key update;
  if (new.user_id, new.client_id) is distinct from (old.user_id, old.client_id)
    and exists (
      select from public.todo_tombstones
      where user_id = new.user_id and client_id = new.client_id
    )
  then
    new.client_id := gen_random_uuid();
  end if;
  new.revision := coalesce(public.next_revision(new.user_id), 0);
  new.updated_at := now();
  return new;
end
$$;

create or replace function public.todos_record_update() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
  if not exists (
    select from public.todos where user_id = old.user_id and client_id = old.client_id
  ) then
    perform public.bury(old.user_id, old.client_id, old.id);
  end if;
  return null;
end
$$;

create or replace function public.todos_record_delete() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform public.bury(old.user_id, old.client_id, old.id);
  return null;
end
$$;

create trigger todos_record_update after update on public.todos
  for each row when ((new.user_id, new.client_id) is distinct from (old.user_id, old.client_id))
  execute function public.todos_record_update();
create trigger todos_record_delete after delete on public.todos
  for each row execute function public.todos_record_delete();

revoke all on function public.next_revision(int), public.bury(int, uuid, int) from public;
