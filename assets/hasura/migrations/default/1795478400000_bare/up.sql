-- The tutorial's two tables. Where they exist already they are left alone, so
-- that a backend made by following the tutorial can be upgraded in place.

create table if not exists public.users (
  id serial primary key,
  auth0_id text unique,
  email text,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);

create table if not exists public.todos (
  id serial primary key,
  user_id int,
  text text
);
