//! Lists, views, counters and `status` compared with a naive program that reads every
//! row: 10,000 random texts, 50 random queries.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use fastrand::Rng;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use tudone::domain::due::{DueGroup, DueGroups};
use tudone::domain::feed::FeedRow;
use tudone::domain::key::Key;
use tudone::domain::list::{TagCount, ViewCounts};
use tudone::domain::query::{Query, Scope, Sort};
use tudone::domain::terms::parse_line;
use tudone::domain::todo::Row;
use tudone::domain::view::{Builtin, OwnView};
use tudone::domain::when::Calendar;
use tudone::store::Store;

use crate::support::Checked;
#[cfg(feature = "sandbox")]
use crate::support::{Machine, Sandbox};

mod support;

const ENDPOINT: &str = "https://hasura.example/v1/graphql";
/// A Thursday.
const TODAY: Date = Date::constant(2026, 11, 26);
const TEXTS: i64 = 10_000;
const QUERIES: usize = 50;

/// A text as parsed by the naive program.
struct Naive {
    raw: Vec<String>,
    lower: String,
    words: Vec<String>,
    done: bool,
    priority: Option<char>,
    completed: Option<Date>,
    due: Option<Date>,
    start: Option<Date>,
}

impl Naive {
    fn read(text: &str) -> Self {
        let words: Vec<String> = text.split(' ').map(str::to_lowercase).collect();
        let done = text.starts_with("x ");
        let raw: Vec<&str> = text.split(' ').collect();
        let dated = |key: &str| {
            raw.iter()
                .filter_map(|word| word.strip_prefix(key))
                .find_map(|value| value.parse().ok())
        };
        let letter = |word: &&str, from: &str, to: &str| {
            let inner = word.strip_prefix(from)?.strip_suffix(to)?;
            let mut letters = inner.chars();
            let letter = letters.next().filter(char::is_ascii_uppercase)?;
            letters.next().is_none().then_some(letter)
        };
        let in_front = raw.first().and_then(|word| letter(word, "(", ")"));
        let at_end = raw.iter().rev().find_map(|word| letter(word, "pri:", ""));
        Self {
            raw: raw.iter().map(|word| (*word).to_owned()).collect(),
            lower: text.to_lowercase(),
            done,
            priority: if done { at_end } else { in_front },
            completed: raw.get(1).filter(|_| done).and_then(|it| it.parse().ok()),
            due: dated("due:"),
            start: dated("t:"),
            words,
        }
    }

    fn waits(&self) -> bool {
        self.waits_on(TODAY)
    }

    fn waits_on(&self, today: Date) -> bool {
        !self.done && self.start.is_some_and(|start| start > today)
    }

    /// Its tags by lower-case name, each with its first spelling.
    fn tags(&self, sign: char) -> BTreeMap<String, &str> {
        let mut tags = BTreeMap::new();
        for word in &self.raw {
            if word.starts_with(sign) && word.len() > 1 {
                tags.entry(word.to_lowercase()).or_insert(word.as_str());
            }
        }
        tags
    }

    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|it| it == word)
    }

    fn has_sign(&self, sign: char) -> bool {
        self.words
            .iter()
            .any(|it| it.starts_with(sign) && it.len() > 1)
    }

    fn repeats(&self) -> bool {
        self.words
            .iter()
            .any(|word| ["rec:1w", "rec:+2d", "rec:1b"].contains(&word.as_str()))
    }
}

fn day(offset: i64) -> Date {
    TODAY.checked_add(offset.days()).unwrap_or(TODAY)
}

/// Returns a random text with parts that matter for lists.
fn text(random: &mut Rng) -> String {
    const WORDS: &[&str] = &[
        "milk",
        "Milk",
        "OAT",
        "call",
        "due:soon",
        "t:",
        "+",
        "@",
        "a:b",
        "http://x/y",
        "x",
        "rec:x",
        "pri:b",
        "+home",
        "+Home",
        "+HOME",
        "+work",
        "+workshop",
        "@phone",
        "@Phone",
        "@desk",
        "@Café",
        "@CAFÉ",
        "rec:1w",
        "rec:+2d",
        "rec:1b",
    ];
    let mut words: Vec<String> = (0..random.usize(1..6))
        .map(|_| random.choice(WORDS).copied().unwrap_or("milk").to_owned())
        .collect();
    for key in ["due:", "t:"] {
        if random.u8(..3) == 0 {
            let date = day(random.i64(-20..40));
            words.insert(random.usize(..=words.len()), format!("{key}{date}"));
        }
    }
    // Otherwise the words would be read as a done mark or a priority.
    words.insert(0, "todo".to_owned());
    let letter = char::from(random.u8(b'A'..=b'D'));
    let rest = words.join(" ");
    match random.u8(..6) {
        0 => format!("({letter}) {rest}"),
        1 => format!("x {} {rest}", day(random.i64(-40..1))),
        2 => format!("x {} {rest} pri:{letter}", day(random.i64(-40..1))),
        _ => rest,
    }
}

type Holds = Box<dyn Fn(&Naive) -> bool>;

/// Returns a term as typed, and its meaning.
fn term(random: &mut Rng) -> (String, Holds) {
    let from = day(random.i64(-15..10));
    let to = from.checked_add(random.i64(0..15).days()).unwrap_or(from);
    let within = move |date: Option<Date>| date.is_some_and(|date| from <= date && date <= to);
    let range = format!("{from}..{to}");
    match random.u8(..20) {
        0 => ("MILK".to_owned(), Box::new(|it| it.lower.contains("milk"))),
        1 => ("oa".to_owned(), Box::new(|it| it.lower.contains("oa"))),
        2 => ("+HOME".to_owned(), Box::new(|it| it.has("+home"))),
        3 => ("@phone".to_owned(), Box::new(|it| it.has("@phone"))),
        4 => (
            "+work,+home".to_owned(),
            Box::new(|it| it.has("+work") || it.has("+home")),
        ),
        5 => (format!("due:{range}"), Box::new(move |it| within(it.due))),
        6 => (
            format!("done:{range}"),
            Box::new(move |it| within(it.completed)),
        ),
        7 => (format!("t:{range}"), Box::new(move |it| within(it.start))),
        8 => ("no:due".to_owned(), Box::new(|it| it.due.is_none())),
        9 => ("no:pri".to_owned(), Box::new(|it| it.priority.is_none())),
        10 => ("no:project".to_owned(), Box::new(|it| !it.has_sign('+'))),
        11 => ("no:context".to_owned(), Box::new(|it| !it.has_sign('@'))),
        12 => ("rec:any".to_owned(), Box::new(Naive::repeats)),
        13 => ("no:rec".to_owned(), Box::new(|it| !it.repeats())),
        14 => (
            "pri:A,C".to_owned(),
            Box::new(|it| matches!(it.priority, Some('A' | 'C'))),
        ),
        15 => (
            "due:overdue".to_owned(),
            Box::new(|it| it.due.is_some_and(|due| due < TODAY)),
        ),
        16 => ("due:any".to_owned(), Box::new(|it| it.due.is_some())),
        17 => ("state:synced".to_owned(), Box::new(|_| true)),
        18 => ("t:any".to_owned(), Box::new(|it| it.start.is_some())),
        _ => {
            let (inner, holds) = term(random);
            (format!("not:{inner}"), Box::new(move |it| !holds(it)))
        }
    }
}

/// Returns a query as typed, and the expected rows.
fn query(random: &mut Rng, rows: &[Naive]) -> Checked<(String, Query, BTreeSet<i64>)> {
    let terms: Vec<(String, Holds)> = (0..random.usize(..4)).map(|_| term(random)).collect();
    let asks = |prefix: &str| terms.iter().any(|(typed, _)| typed.starts_with(prefix));
    let option = ["", "", "", "--all", "--done"][random.usize(..5)];
    let wanted = (1..).zip(rows).filter(|(_, it)| {
        let in_scope = match option {
            "--all" => true,
            "--done" => it.done,
            _ => !it.done || asks("done:") || asks("state:"),
        };
        let shown = !it.waits() || option == "--all" || asks("t:");
        in_scope && shown && terms.iter().all(|(_, holds)| holds(it))
    });
    let wanted = wanted.map(|(id, _)| id).collect();
    let mut typed: Vec<&str> = terms.iter().map(|(typed, _)| typed.as_str()).collect();
    typed.push(option);
    let typed = typed.join(" ");
    let query = parse_line(&typed, Calendar::new(TODAY))?;
    Ok((typed, query, wanted))
}

fn filled(texts: &[String]) -> Checked<Store> {
    let mut store = Store::in_memory(ENDPOINT)?;
    fill(&mut store, texts)?;
    Ok(store)
}

fn fill(store: &mut Store, texts: &[String]) -> Checked {
    let page: Vec<FeedRow> = (1_i64..)
        .zip(texts)
        .map(|(id, text)| {
            FeedRow::Present(Row {
                key: Key::new(Uuid::from_u128(u128::from(id.unsigned_abs()))),
                id,
                text: text.clone(),
                revision: id,
                created_at: None,
                updated_at: Some(Timestamp::UNIX_EPOCH),
            })
        })
        .collect();
    store.apply(&page, TEXTS)?;
    Ok(())
}

fn listed(store: &Store, query: &Query) -> Checked<Vec<i64>> {
    let mut ids = Vec::new();
    store.each(query, |todo| {
        ids.extend(todo.id);
        ControlFlow::Continue(())
    })?;
    Ok(ids)
}

#[test]
fn lists_and_counts_agree_with_a_naive_program() -> Checked {
    let seed = 20_261_126;
    let mut random = Rng::with_seed(seed);
    let texts: Vec<String> = (0..TEXTS).map(|_| text(&mut random)).collect();
    let rows: Vec<Naive> = texts.iter().map(|text| Naive::read(text)).collect();
    let store = filled(&texts)?;

    for _ in 0..QUERIES {
        let (typed, query, wanted) = query(&mut random, &rows)?;
        let found = listed(&store, &query)?;
        let found_set: BTreeSet<i64> = found.iter().copied().collect();
        let odd = found_set.symmetric_difference(&wanted).next();
        let text = odd.and_then(|id| texts.get(usize::try_from(*id - 1).ok()?));
        assert_eq!(odd, None, "`{typed}` and {text:?}");
        assert_eq!(found.len(), wanted.len(), "`{typed}` lists a todo twice");
        assert_eq!(store.count(&query)?, wanted.len() as u64, "`{typed}`");
        for sort in Sort::ALL {
            let forwards = listed(
                &store,
                &Query {
                    sort,
                    ..query.clone()
                },
            )?;
            let reverse = Query {
                sort,
                reverse: true,
                ..query.clone()
            };
            let mut backwards = listed(&store, &reverse)?;
            backwards.reverse();
            assert_eq!(forwards, backwards, "`{typed}` by {sort:?}");
            assert_eq!(forwards.len(), wanted.len(), "`{typed}` by {sort:?}");
        }
    }
    Ok(())
}

#[test]
fn views_agree_with_a_naive_program() -> Checked {
    let mut random = Rng::with_seed(11);
    let texts: Vec<String> = (0..TEXTS).map(|_| text(&mut random)).collect();
    let rows: Vec<Naive> = texts.iter().map(|text| Naive::read(text)).collect();
    let store = filled(&texts)?;
    let upcoming = day(6);

    for view in Builtin::ALL {
        let shows = |it: &Naive| match view {
            Builtin::Open => !it.done && !it.waits(),
            Builtin::Today => !it.done && !it.waits() && it.due.is_some_and(|due| due <= TODAY),
            Builtin::Upcoming => {
                let soon = it.due.is_some_and(|due| TODAY <= due && due <= upcoming);
                !it.done && !it.waits() && soon
            }
            Builtin::NoDate => !it.done && !it.waits() && it.due.is_none(),
            Builtin::Done => it.done,
            Builtin::All => true,
        };
        let wanted: BTreeSet<i64> = (1..)
            .zip(&rows)
            .filter(|(_, it)| shows(it))
            .map(|(id, _)| id)
            .collect();
        let query = view.query(Calendar::new(TODAY));
        let found: BTreeSet<i64> = listed(&store, &query)?.into_iter().collect();
        assert_eq!(found, wanted, "{}", view.name());
        assert_eq!(store.count(&query)?, wanted.len() as u64, "{}", view.name());
    }
    let open = Query {
        scope: Scope::Open,
        ..Query::default()
    };
    let all_open = rows.iter().filter(|it| !it.done).count() as u64;
    assert_eq!(store.totals()?.open, all_open);
    assert_eq!(store.count(&open)?, all_open);
    Ok(())
}

#[test]
fn views_of_the_users_own_agree_with_a_naive_program() -> Checked {
    let mut random = Rng::with_seed(12);
    let texts: Vec<String> = (0..TEXTS).map(|_| text(&mut random)).collect();
    let rows: Vec<Naive> = texts.iter().map(|text| Naive::read(text)).collect();
    let store = filled(&texts)?;

    for _ in 0..QUERIES {
        let (typed, _, wanted) = query(&mut random, &rows)?;
        let view = OwnView::parse("Mine", &format!("{typed} --sort due"), Calendar::new(TODAY))?;
        let query = view.query(Calendar::new(TODAY))?;
        let found: BTreeSet<i64> = listed(&store, &query)?.into_iter().collect();
        assert_eq!(found, wanted, "`{typed}`");
        assert_eq!(store.count(&query)?, wanted.len() as u64, "`{typed}`");
    }
    Ok(())
}

/// Returns days with different waiting todos.
fn some_days() -> [Date; 4] {
    [day(-30), TODAY, day(12), day(60)]
}

fn naive_counts(rows: &[Naive], today: Date, upcoming_to: Date) -> ViewCounts {
    let open = |holds: &dyn Fn(&Naive) -> bool| {
        let awake = rows.iter().filter(|it| !it.done && !it.waits_on(today));
        awake.filter(|it| holds(it)).count() as u64
    };
    let due = |holds: &dyn Fn(Date) -> bool| open(&|it| it.due.is_some_and(holds));
    ViewCounts {
        open: open(&|_| true),
        waiting: rows.iter().filter(|it| it.waits_on(today)).count() as u64,
        no_date: open(&|it| it.due.is_none()),
        overdue: due(&|due| due < today),
        due_today: due(&|due| due == today),
        upcoming: due(&|due| today <= due && due <= upcoming_to),
        done: rows.iter().filter(|it| it.done).count() as u64,
    }
}

#[test]
fn counters_of_views_agree_with_a_naive_program() -> Checked {
    let mut random = Rng::with_seed(13);
    let texts: Vec<String> = (0..TEXTS).map(|_| text(&mut random)).collect();
    let rows: Vec<Naive> = texts.iter().map(|text| Naive::read(text)).collect();
    let store = filled(&texts)?;
    for today in some_days() {
        let upcoming_to = today.checked_add(6.days())?;
        assert_eq!(
            store.view_counts(today, upcoming_to)?,
            naive_counts(&rows, today, upcoming_to),
            "{today}"
        );
        let calendar = Calendar::new(today);
        let awake = rows.iter().filter(|it| !it.done && !it.waits_on(today));
        let groups: Vec<DueGroup> = awake
            .map(|it| DueGroups::of(calendar).group(it.due))
            .collect();
        let counts =
            DueGroup::ALL.map(|group| groups.iter().filter(|it| **it == group).count() as u64);
        assert_eq!(store.due_counts(calendar)?, counts, "{today}");
    }
    Ok(())
}

fn naive_tags(rows: &[Naive], sign: char, today: Date) -> Vec<TagCount> {
    let mut counts: BTreeMap<String, (u64, u64, BTreeMap<&str, u64>)> = BTreeMap::new();
    for row in rows {
        for (tag, spelling) in row.tags(sign) {
            let (open, done, spellings) = counts.entry(tag).or_default();
            *open += u64::from(!row.done && !row.waits_on(today));
            *done += u64::from(row.done);
            *spellings.entry(spelling).or_default() += 1;
        }
    }
    let mut tags: Vec<TagCount> = counts
        .into_values()
        .map(|(open, done, spellings)| {
            let most = spellings.values().max().copied().unwrap_or(0);
            let used = spellings.iter().find(|(_, count)| **count == most);
            let tag = used.map_or("", |(spelling, _)| spelling).to_owned();
            TagCount { tag, open, done }
        })
        .collect();
    // Stable: equal counts stay in the order of the folded names.
    tags.sort_by_key(|tag| std::cmp::Reverse((tag.open, tag.done)));
    tags
}

#[test]
fn counters_of_tags_agree_with_a_naive_program() -> Checked {
    let mut random = Rng::with_seed(14);
    let texts: Vec<String> = (0..TEXTS).map(|_| text(&mut random)).collect();
    let rows: Vec<Naive> = texts.iter().map(|text| Naive::read(text)).collect();
    let store = filled(&texts)?;
    for today in some_days() {
        for sign in ['+', '@'] {
            let tags = naive_tags(&rows, sign, today);
            assert_eq!(store.tags(sign, today, 100)?, tags, "{sign} on {today}");
            for tag in tags {
                let spelling = store.spelling(&tag.tag.to_uppercase())?;
                assert_eq!(spelling, Some(tag.tag));
            }
        }
    }
    Ok(())
}

#[cfg(feature = "sandbox")]
#[test]
fn the_program_lists_and_counts_as_a_naive_one() -> Checked {
    let mut random = Rng::with_seed(15);
    let texts: Vec<String> = (0..TEXTS).map(|_| text(&mut random)).collect();
    let rows: Vec<Naive> = texts.iter().map(|text| Naive::read(text)).collect();
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["list", "--fresh"])?.ended(0)?;
    let endpoint = sandbox.address("endpoint");
    fill(&mut Store::open(&machine.database()?, endpoint)?, &texts)?;

    for today in some_days() {
        machine.set("TUDONE_TEST_NOW", format!("{today}T10:00:00Z"));
        let status = machine.json(&["status", "--json"])?;
        let counts = naive_counts(&rows, today, today);
        for (name, count) in [
            ("open", counts.open),
            ("done", counts.done),
            ("due_today", counts.due_today),
            ("overdue", counts.overdue),
            ("waiting", counts.waiting),
        ] {
            assert_eq!(status[name], count, "{name} on {today}");
        }
    }
    machine.set("TUDONE_TEST_NOW", format!("{TODAY}T10:00:00Z"));
    for _ in 0..QUERIES {
        let (typed, _, wanted) = query(&mut random, &rows)?;
        machine.configure(&format!("[views]\nMine = '{typed}'\n"))?;
        let mut words = vec!["list", "--offline", "--count"];
        words.extend(typed.split_whitespace());
        for words in [
            words,
            vec!["list", "--offline", "--count", "--view", "mine"],
        ] {
            let counted = machine.run(&words)?.ended(0)?;
            assert_eq!(counted.stdout, format!("{}\n", wanted.len()), "`{typed}`");
        }
    }
    Ok(())
}
