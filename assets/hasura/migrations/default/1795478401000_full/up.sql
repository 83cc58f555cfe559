-- From the tutorial's tables to a backend that clients can follow by a cursor
-- and retry against without doubling or reviving anything.
--
-- No id, user_id or text of an existing row changes, and no row is lost. Rows
-- without a known owner stay as they are, at revision 0 and seen by nobody:
--
--   select t.id, t.user_id, t.text
--   from public.todos t left join public.users u on u.id = t.user_id
--   where u.id is null order by t.id;
--
-- `update public.todos set user_id = … where id = …` gives such a row an owner
-- and, from then on, a place in the owner's change feed; for rows whose owner
-- has been made since, set user_id to itself.
--
-- Safe to run again.

set local lock_timeout = '30s';
lock table public.users, public.todos in access exclusive mode;

-- Columns -------------------------------------------------------------------

alter table public.users
  add column if not exists revision bigint not null default 0,
  add column if not exists purged_revision bigint not null default 0;

alter table public.todos
  add column if not exists client_id uuid not null default gen_random_uuid(),
  add column if not exists revision bigint not null default 0,
  add column if not exists created_at timestamptz not null default now(),
  add column if not exists updated_at timestamptz not null default now();

create sequence if not exists public.todo_revision as bigint;

-- A removed todo leaves its key here, so that a late retry of its add is
-- recognised and readers learn of the removal.
create table if not exists public.todo_tombstones (
  user_id int not null references public.users on delete cascade,
  client_id uuid not null,
  todo_id int not null,
  revision bigint not null,
  deleted_at timestamptz not null default now(),
  primary key (user_id, client_id)
);
create index if not exists todo_tombstones_user_id_revision_idx
  on public.todo_tombstones (user_id, revision);

-- Existing rows -------------------------------------------------------------

drop trigger if exists todos_lock_caller on public.todos;
drop trigger if exists todos_stamp_insert on public.todos;
drop trigger if exists todos_stamp_update on public.todos;
drop trigger if exists todos_record_insert on public.todos;
drop trigger if exists todos_record_update on public.todos;
drop trigger if exists todos_record_delete on public.todos;

with numbered as materialized (
  select owned.id, nextval('public.todo_revision') as revision
  from (
    select t.id
    from public.todos t join public.users u on u.id = t.user_id
    where t.revision = 0
    order by t.id
  ) owned
)
update public.todos t
set revision = numbered.revision
from numbered
where t.id = numbered.id;

update public.users u
set revision = latest.revision
from (
  select user_id, max(revision) as revision from public.todos group by user_id
) latest
where u.id = latest.user_id and u.revision < latest.revision;

-- NOT VALID: rows of owners that no longer exist are kept. A key to users that
-- exists already is kept too, under whatever name.
do $$
begin
  if not exists (
    select from pg_constraint
    where contype = 'f'
      and conrelid = 'public.todos'::regclass
      and confrelid = 'public.users'::regclass
  ) then
    alter table public.todos
      add constraint todos_user_id_fkey foreign key (user_id)
      references public.users (id) on delete cascade not valid;
  end if;
  -- Logins find their user by this constraint's name.
  if not exists (
    select from pg_constraint
    where conname = 'users_auth0_id_key' and conrelid = 'public.users'::regclass
  ) then
    alter table public.users add constraint users_auth0_id_key unique (auth0_id);
  end if;
  if not exists (
    select from pg_constraint
    where conname = 'todos_user_id_client_id_key' and conrelid = 'public.todos'::regclass
  ) then
    alter table public.todos
      add constraint todos_user_id_client_id_key unique (user_id, client_id);
  end if;
end
$$;
create index if not exists todos_user_id_revision_idx on public.todos (user_id, revision);

-- The change feed -----------------------------------------------------------

create or replace view public.todo_changes as
select user_id, id, client_id, text, created_at::timestamptz, updated_at::timestamptz, revision,
  false as deleted
from public.todos
union all
select user_id, todo_id, client_id, null, null, deleted_at, revision, true
from public.todo_tombstones;

-- Triggers ------------------------------------------------------------------
--
-- Every change holds its owner's row in users from before it takes a number
-- from todo_revision until it commits. So the numbers of one owner become
-- visible in order, and a reader who has seen n has missed nothing below n.
--
-- Sequential scans are off where a function looks up single keys: its plans are
-- kept for the session, also those made while the tables were still small.

-- Before each statement: lock the caller's row in users, so that requests of
-- one user queue here instead of meeting each other's todos in different
-- orders, where they would deadlock. Hasura names the caller in hasura.user;
-- without one (psql, an administrator) nothing is locked here.
create or replace function public.todos_lock_caller() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
  caller text :=
    nullif(current_setting('hasura.user', true), '')::json ->> 'x-hasura-user-id';
begin
  if caller ~ '^[0-9]{1,18}$' then
    perform from public.users where id = caller::bigint for no key update;
  end if;
  return null;
end
$$;

-- Each inserted row: a key with a tombstone stays removed, whatever arrives late.
create or replace function public.todos_stamp_insert() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
  perform from public.users where id = new.user_id for no key update;
  if exists (
    select from public.todo_tombstones
    where user_id = new.user_id and client_id = new.client_id
  ) then
    return null;
  end if;
  new.revision := nextval('public.todo_revision');
  return new;
end
$$;

-- Each updated row. One that moves to where its key was removed before gets a
-- new key: a key is alive or removed, never both.
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
  new.revision := nextval('public.todo_revision');
  new.updated_at := now();
  return new;
end
$$;

-- After each statement: tombstones for what has left, and one new revision for
-- each owner. These are planned anew each time (`execute`): a plan kept from a
-- statement of one row could take quadratic time for one of thousands.
create or replace function public.todos_record_insert() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  execute $sql$
    update public.users u
    set revision = latest.revision
    from (select user_id, max(revision) as revision from added group by user_id) latest
    where u.id = latest.user_id
  $sql$;
  return null;
end
$$;

create or replace function public.todos_record_update() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  execute $sql$
    with left_behind as (
      select b.user_id, b.client_id, b.id
      from before_update b
      join after_update a on a.id = b.id
      join public.users u on u.id = b.user_id
      where (a.user_id, a.client_id) is distinct from (b.user_id, b.client_id)
        and not exists (
          select from public.todos t
          where t.user_id = b.user_id and t.client_id = b.client_id
        )
      order by b.id
    ), buried as (
      insert into public.todo_tombstones as tombstone (user_id, client_id, todo_id, revision)
      select user_id, client_id, id, nextval('public.todo_revision') from left_behind
      on conflict (user_id, client_id) do update
      set todo_id = excluded.todo_id, revision = excluded.revision, deleted_at = now()
      returning tombstone.user_id, tombstone.revision
    ), changed as (
      select user_id, revision from after_update
      union all
      select user_id, revision from buried
    )
    update public.users u
    set revision = latest.revision
    from (select user_id, max(revision) as revision from changed group by user_id) latest
    where u.id = latest.user_id
  $sql$;
  return null;
end
$$;

-- Owners that are themselves being deleted are gone from users by now, and
-- need no tombstones.
create or replace function public.todos_record_delete() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  execute $sql$
    select from public.users
    where id in (select user_id from removed) order by id for no key update
  $sql$;
  execute $sql$
    with gone as (
      select r.user_id, r.client_id, r.id
      from removed r join public.users u on u.id = r.user_id
      order by r.id
    ), buried as (
      insert into public.todo_tombstones as tombstone (user_id, client_id, todo_id, revision)
      select user_id, client_id, id, nextval('public.todo_revision') from gone
      on conflict (user_id, client_id) do update
      set todo_id = excluded.todo_id, revision = excluded.revision, deleted_at = now()
      returning tombstone.user_id, tombstone.revision
    )
    update public.users u
    set revision = latest.revision
    from (select user_id, max(revision) as revision from buried group by user_id) latest
    where u.id = latest.user_id
  $sql$;
  return null;
end
$$;

create trigger todos_lock_caller
  before insert or update or delete on public.todos
  for each statement execute function public.todos_lock_caller();
create trigger todos_stamp_insert
  before insert on public.todos
  for each row execute function public.todos_stamp_insert();
create trigger todos_stamp_update
  before update on public.todos
  for each row execute function public.todos_stamp_update();
create trigger todos_record_insert
  after insert on public.todos
  referencing new table as added
  for each statement execute function public.todos_record_insert();
create trigger todos_record_update
  after update on public.todos
  referencing old table as before_update new table as after_update
  for each statement execute function public.todos_record_update();
create trigger todos_record_delete
  after delete on public.todos
  referencing old table as removed
  for each statement execute function public.todos_record_delete();

-- For administrators --------------------------------------------------------

-- Forgets tombstones older than the age and answers how many. A reader whose
-- cursor is below users.purged_revision may have missed one and starts again
-- from 0; a removed todo could come back only through an add that was sent
-- before its tombstone was made and is retried after this.
create or replace function public.purge_todo_tombstones(age interval) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  purged bigint;
begin
  perform from public.users
  where id in (select user_id from public.todo_tombstones where deleted_at < now() - age)
  order by id for no key update;
  with gone as (
    delete from public.todo_tombstones
    where deleted_at < now() - age
    returning user_id, revision
  ), raised as (
    update public.users u
    set purged_revision = greatest(u.purged_revision, latest.revision)
    from (select user_id, max(revision) as revision from gone group by user_id) latest
    where u.id = latest.user_id
  )
  select count(*) into purged from gone;
  return purged;
end
$$;

revoke all on function
  public.todos_lock_caller(),
  public.todos_stamp_insert(),
  public.todos_stamp_update(),
  public.todos_record_insert(),
  public.todos_record_update(),
  public.todos_record_delete(),
  public.purge_todo_tombstones(interval)
from public;
