//! From permissions to types: the schema a role sees.

use std::collections::BTreeMap;

use super::{
    inputs, introspection,
    policy::Policy,
    role::{self, TablePermissions},
    table,
    types::{
        FieldAction, InputField, MUTATION, Null, ObjectField, QUERY, SUBSCRIPTION, Scalar,
        TypeKind, Types, list, list_of, named, required,
    },
};

/// The schema of a role.
pub(super) fn schema(role: &str, shape: table::Shape, policy: &Policy) -> Types {
    let mut types = Types {
        named: BTreeMap::new(),
        grants: role::grants(role, shape, policy),
        mutations: false,
        subscriptions: false,
        introspection: policy.introspection,
    };
    for scalar in ["Boolean", "Int", "String"] {
        types.add(scalar, None, TypeKind::Scalar);
    }
    let grants = types.grants.clone();
    let mut roots = Roots::default();
    for (index, grant) in grants.iter().enumerate() {
        if grant.selects() {
            add_row(&mut types, grant);
            roots.select(index, grant);
        }
        inputs::add(&mut types, grant);
        roots.mutate(index, grant);
        if grant.insert.is_some() || grant.update.is_some() || grant.delete {
            add_response(&mut types, grant);
        }
    }
    roots.add_to(&mut types, policy);
    introspection::add(&mut types);
    types
}

fn add_row(types: &mut Types, grant: &TablePermissions) {
    let fields = grant
        .select
        .iter()
        .map(|column| {
            let of = named(column.kind.scalar());
            let of = if column.nullable { of } else { required(of) };
            ObjectField::new(column.name, of)
        })
        .collect();
    let name = grant.table.name;
    let about = format!("columns and relationships of \"{name}\"");
    types.add(name, Some(&about), TypeKind::Object(fields));
}

fn add_response(types: &mut Types, grant: &TablePermissions) {
    let name = grant.table.name;
    let mut fields = vec![
        ObjectField::new("affected_rows", required(named("Int")))
            .about("number of rows affected by the mutation"),
    ];
    if grant.selects() {
        fields.push(
            ObjectField::new("returning", required(list_of(name)))
                .about("data from the rows affected by the mutation"),
        );
    }
    let about = format!("response of any mutation on the table \"{name}\"");
    types.add(
        format!("{name}_mutation_response"),
        Some(&about),
        TypeKind::Object(fields),
    );
}

/// The fields of the three root types while they are gathered.
#[derive(Default)]
struct Roots {
    query: Vec<ObjectField>,
    mutation: Vec<ObjectField>,
    subscription: Vec<ObjectField>,
}

impl Roots {
    fn select(&mut self, index: usize, grant: &TablePermissions) {
        let name = grant.table.name;
        let rows = ObjectField::new(name, required(list_of(name)))
            .about(format!("fetch data from the table: \"{name}\""))
            .takes(inputs::select_arguments(name))
            .does(FieldAction::Select(index));
        self.query.push(rows.clone());
        self.subscription.push(rows);
        if let Some(key) = grant.readable_key() {
            let row = ObjectField::new(&format!("{name}_by_pk"), named(name))
                .about(format!(
                    "fetch data from the table: \"{name}\" using primary key columns"
                ))
                .takes(vec![InputField::new(
                    key.name,
                    required(named(key.kind.scalar())),
                )])
                .does(FieldAction::SelectByKey(index));
            self.query.push(row.clone());
            self.subscription.push(row);
        }
        self.subscription.push(
            ObjectField::new(&format!("{name}_stream"), required(list_of(name)))
                .about(format!(
                    "fetch data from the table in a streaming manner: \"{name}\""
                ))
                .takes(inputs::stream_arguments(name))
                .does(FieldAction::Stream(index)),
        );
    }

    fn mutate(&mut self, index: usize, grant: &TablePermissions) {
        if grant.insert.is_some() {
            self.insert(index, grant);
        }
        if grant.update.is_some() {
            self.update(index, grant);
        }
        if grant.delete {
            self.delete(index, grant);
        }
    }

    fn insert(&mut self, index: usize, grant: &TablePermissions) {
        let name = grant.table.name;
        let object = format!("{name}_insert_input");
        let conflict = |mut arguments: Vec<InputField>| {
            if !grant.constraints.is_empty() {
                arguments.push(
                    InputField::new("on_conflict", named(&format!("{name}_on_conflict")))
                        .about("upsert condition")
                        .null(Null::Refused),
                );
            }
            arguments
        };
        self.mutation.push(
            ObjectField::new(&format!("insert_{name}"), response(name))
                .about(format!("insert data into the table: \"{name}\""))
                .takes(conflict(vec![
                    InputField::new("objects", required(list_of(&object)))
                        .about("the rows to be inserted"),
                ]))
                .does(FieldAction::Insert(index)),
        );
        if grant.selects() {
            self.mutation.push(
                ObjectField::new(&format!("insert_{name}_one"), named(name))
                    .about(format!("insert a single row into the table: \"{name}\""))
                    .takes(conflict(vec![
                        InputField::new("object", required(named(&object)))
                            .about("the row to be inserted"),
                    ]))
                    .does(FieldAction::InsertOne(index)),
            );
        }
    }

    fn update(&mut self, index: usize, grant: &TablePermissions) {
        let name = grant.table.name;
        self.mutation.push(
            ObjectField::new(&format!("update_{name}"), response(name))
                .about(format!("update data of the table: \"{name}\""))
                .takes(inputs::update_arguments(name))
                .does(FieldAction::Update(index)),
        );
        if grant.readable_key().is_some() {
            let key = format!("{name}_pk_columns_input");
            self.mutation.push(
                ObjectField::new(&format!("update_{name}_by_pk"), named(name))
                    .about(format!("update single row of the table: \"{name}\""))
                    .takes(vec![
                        inputs::set_argument(name),
                        InputField::new("pk_columns", required(named(&key))),
                    ])
                    .does(FieldAction::UpdateByKey(index)),
            );
        }
        let updates = format!("{name}_updates");
        self.mutation.push(
            ObjectField::new(&format!("update_{name}_many"), list(response(name)))
                .about(format!("update multiples rows of table: \"{name}\""))
                .takes(vec![
                    InputField::new("updates", required(list_of(&updates)))
                        .about("updates to execute, in order"),
                ])
                .does(FieldAction::UpdateMany(index)),
        );
    }

    fn delete(&mut self, index: usize, grant: &TablePermissions) {
        let name = grant.table.name;
        self.mutation.push(
            ObjectField::new(&format!("delete_{name}"), response(name))
                .about(format!("delete data from the table: \"{name}\""))
                .takes(vec![
                    InputField::new("where", required(named(&format!("{name}_bool_exp"))))
                        .about("filter the rows which have to be deleted"),
                ])
                .does(FieldAction::Delete(index)),
        );
        if let Some(key) = grant.readable_key() {
            self.mutation.push(
                ObjectField::new(&format!("delete_{name}_by_pk"), named(name))
                    .about(format!("delete single row from the table: \"{name}\""))
                    .takes(vec![InputField::new(
                        key.name,
                        required(named(key.kind.scalar())),
                    )])
                    .does(FieldAction::DeleteByKey(index)),
            );
        }
    }

    fn add_to(mut self, types: &mut Types, policy: &Policy) {
        if self.query.is_empty() {
            self.query.push(
                ObjectField::new("no_queries_available", required(named("String")))
                    .about(
                        "There are no queries available to the current role. Either there are \
                         no sources or remote schemas configured, or the current role doesn't \
                         have the required permissions.",
                    )
                    .does(FieldAction::NoQueries),
            );
        }
        types.mutations = !self.mutation.is_empty();
        types.subscriptions = policy.subscriptions && !self.subscription.is_empty();
        for fields in [&mut self.query, &mut self.mutation, &mut self.subscription] {
            fields.sort_by(|a, b| a.name.cmp(&b.name));
        }
        if types.introspection {
            self.query.extend(root_introspection());
        }
        types.add(QUERY, None, TypeKind::Object(self.query));
        if types.mutations {
            types.add(
                MUTATION,
                Some("mutation root"),
                TypeKind::Object(self.mutation),
            );
        }
        if types.subscriptions {
            types.add(SUBSCRIPTION, None, TypeKind::Object(self.subscription));
        }
    }
}

/// `__schema` and `__type`: selectable, but no fields that introspection lists.
fn root_introspection() -> [ObjectField; 2] {
    [
        ObjectField::new("__schema", required(named("__Schema")))
            .does(FieldAction::IntrospectSchema),
        ObjectField::new("__type", named("__Type"))
            .takes(vec![
                InputField::new("name", required(named("String")))
                    .null(Null::Refused)
                    .scalar(Scalar::Strict),
            ])
            .does(FieldAction::IntrospectType),
    ]
}

fn response(table: &str) -> async_graphql_parser::types::Type {
    named(&format!("{table}_mutation_response"))
}
