//! The input types and arguments of one table.

use serde_json::json;

use super::{
    role::TablePermissions,
    table::Column,
    types::{EnumValue, InputField, Null, Scalar, TypeKind, Types, list, list_of, named, required},
};

const ORDERS: [(&str, &str); 6] = [
    ("asc", "in ascending order, nulls last"),
    ("asc_nulls_first", "in ascending order, nulls first"),
    ("asc_nulls_last", "in ascending order, nulls last"),
    ("desc", "in descending order, nulls first"),
    ("desc_nulls_first", "in descending order, nulls first"),
    ("desc_nulls_last", "in descending order, nulls last"),
];

const CURSOR_ORDERS: [(&str, &str); 2] = [
    ("ASC", "ascending ordering of the cursor"),
    ("DESC", "descending ordering of the cursor"),
];

/// The operators that only texts have, with their descriptions.
const PATTERNS: [(&str, &str); 10] = [
    (
        "_ilike",
        "does the column match the given case-insensitive pattern",
    ),
    (
        "_iregex",
        "does the column match the given POSIX regular expression, case insensitive",
    ),
    ("_like", "does the column match the given pattern"),
    (
        "_nilike",
        "does the column NOT match the given case-insensitive pattern",
    ),
    (
        "_niregex",
        "does the column NOT match the given POSIX regular expression, case insensitive",
    ),
    ("_nlike", "does the column NOT match the given pattern"),
    (
        "_nregex",
        "does the column NOT match the given POSIX regular expression, case sensitive",
    ),
    (
        "_nsimilar",
        "does the column NOT match the given SQL regular expression",
    ),
    (
        "_regex",
        "does the column match the given POSIX regular expression, case sensitive",
    ),
    (
        "_similar",
        "does the column match the given SQL regular expression",
    ),
];

/// Adds every input type that statements on the table take.
pub(super) fn add(types: &mut Types, grant: &TablePermissions) {
    let name = grant.table.name;
    for column in &grant.select {
        add_scalar(types, column);
    }
    let changes = grant.update.is_some() || grant.delete || grant.insert.is_some();
    if grant.selects() || changes {
        add_filter(types, grant);
    }
    if grant.selects() {
        add_order(types, grant);
        add_stream(types, grant);
        let about = format!("select columns of table \"{name}\"");
        let columns = columns_enum(&grant.select);
        types.add(format!("{name}_select_column"), Some(&about), columns);
    }
    if let Some(columns) = &grant.insert {
        add_insert(types, grant, columns);
    }
    if let Some(columns) = &grant.update {
        add_update(types, grant, columns);
    }
}

fn enum_of(values: &[(&str, &str)]) -> TypeKind {
    let values = values
        .iter()
        .map(|(name, description)| EnumValue {
            name: (*name).to_owned(),
            description: (*description).to_owned(),
        })
        .collect();
    TypeKind::Enum(values)
}

fn columns_enum(columns: &[&'static Column]) -> TypeKind {
    let values: Vec<_> = columns
        .iter()
        .map(|column| (column.name, "column name"))
        .collect();
    enum_of(&values)
}

/// A column's scalar and the operators that compare it.
fn add_scalar(types: &mut Types, column: &Column) {
    let scalar = column.kind.scalar();
    types.add(scalar, None, TypeKind::Scalar);
    let operator = |name: &str, of| InputField::new(name, of).null(Null::Refused);
    let mut operators: Vec<_> = ["_eq", "_gt", "_gte", "_lt", "_lte", "_neq"]
        .map(|name| operator(name, named(scalar)))
        .into();
    operators.extend(["_in", "_nin"].map(|name| operator(name, list_of(scalar))));
    operators.push(operator("_is_null", named("Boolean")).scalar(Scalar::Strict));
    if scalar == "String" {
        operators.extend(PATTERNS.map(|(name, about)| operator(name, named(scalar)).about(about)));
    }
    operators.sort_by(|a, b| a.name.cmp(&b.name));
    let about = format!(
        "Boolean expression to compare columns of type \"{scalar}\". All fields are combined \
         with logical 'AND'."
    );
    types.add("Boolean", None, TypeKind::Scalar);
    types.add(
        format!("{scalar}_comparison_exp"),
        Some(&about),
        TypeKind::Input(operators),
    );
}

fn add_filter(types: &mut Types, grant: &TablePermissions) {
    let name = grant.table.name;
    let own = format!("{name}_bool_exp");
    let mut fields = vec![
        InputField::new("_and", list_of(&own)).null(Null::Refused),
        InputField::new("_not", named(&own)).null(Null::Refused),
        InputField::new("_or", list_of(&own)).null(Null::Refused),
    ];
    fields.extend(grant.select.iter().map(|column| {
        let comparison = format!("{}_comparison_exp", column.kind.scalar());
        InputField::new(column.name, named(&comparison)).null(Null::Refused)
    }));
    let about = format!(
        "Boolean expression to filter rows from the table \"{name}\". All fields are combined \
         with a logical 'AND'."
    );
    types.add(own, Some(&about), TypeKind::Input(fields));
}

fn add_order(types: &mut Types, grant: &TablePermissions) {
    let name = grant.table.name;
    types.add(
        "order_by",
        Some("column ordering options"),
        enum_of(&ORDERS),
    );
    let fields = grant
        .select
        .iter()
        .map(|column| InputField::new(column.name, named("order_by")))
        .collect();
    let about = format!("Ordering options when selecting data from \"{name}\".");
    types.add(
        format!("{name}_order_by"),
        Some(&about),
        TypeKind::Input(fields),
    );
}

fn add_stream(types: &mut Types, grant: &TablePermissions) {
    let name = grant.table.name;
    let value = format!("{name}_stream_cursor_value_input");
    types.add(
        "cursor_ordering",
        Some("ordering argument of a cursor"),
        enum_of(&CURSOR_ORDERS),
    );
    let about = format!("Streaming cursor of the table \"{name}\"");
    let fields = vec![
        InputField::new("initial_value", required(named(&value)))
            .about("Stream column input with initial value"),
        InputField::new("ordering", named("cursor_ordering"))
            .about("cursor ordering")
            .null(Null::Refused),
    ];
    types.add(
        format!("{name}_stream_cursor_input"),
        Some(&about),
        TypeKind::Input(fields),
    );
    let fields = column_inputs(&grant.select);
    types.add(
        value,
        Some("Initial value of the column from where the streaming should start"),
        TypeKind::Input(fields),
    );
}

/// Values of columns, each of which may be left out. `null` is a value where
/// the column may be null, and refused elsewhere.
fn column_inputs(columns: &[&'static Column]) -> Vec<InputField> {
    columns
        .iter()
        .map(|column| {
            let null = if column.nullable {
                Null::Kept
            } else {
                Null::Refused
            };
            InputField::new(column.name, named(column.kind.scalar())).null(null)
        })
        .collect()
}

fn add_insert(types: &mut Types, grant: &TablePermissions, columns: &[&'static Column]) {
    let name = grant.table.name;
    for column in columns {
        types.add(column.kind.scalar(), None, TypeKind::Scalar);
    }
    let about = format!("input type for inserting data into table \"{name}\"");
    let fields = TypeKind::Input(column_inputs(columns));
    types.add(format!("{name}_insert_input"), Some(&about), fields);
    if grant.constraints.is_empty() {
        return;
    }
    let values = grant
        .constraints
        .iter()
        .map(|constraint| EnumValue {
            name: constraint.name.to_owned(),
            description: format!(
                "unique or primary key constraint on columns {}",
                constraint
                    .columns
                    .iter()
                    .map(|column| format!("\"{column}\""))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        })
        .collect();
    let about = format!("unique or primary key constraints on table \"{name}\"");
    let constraint = format!("{name}_constraint");
    types.add(&*constraint, Some(&about), TypeKind::Enum(values));
    let column = format!("{name}_update_column");
    let about = format!("update columns of table \"{name}\"");
    let columns = grant
        .update
        .as_deref()
        .filter(|columns| !columns.is_empty());
    let columns = columns.map_or_else(
        || enum_of(&[("_PLACEHOLDER", "placeholder (do not use)")]),
        columns_enum,
    );
    types.add(&*column, Some(&about), columns);
    let fields = vec![
        InputField::new("constraint", required(named(&constraint))),
        InputField::new("update_columns", required(list_of(&column))).default(json!([])),
        InputField::new("where", named(&format!("{name}_bool_exp"))).null(Null::Refused),
    ];
    let about = format!("on_conflict condition type for table \"{name}\"");
    types.add(
        format!("{name}_on_conflict"),
        Some(&about),
        TypeKind::Input(fields),
    );
}

fn add_update(types: &mut Types, grant: &TablePermissions, columns: &[&'static Column]) {
    let name = grant.table.name;
    for column in columns {
        types.add(column.kind.scalar(), None, TypeKind::Scalar);
    }
    let about = format!("input type for updating data in table \"{name}\"");
    types.add(
        format!("{name}_set_input"),
        Some(&about),
        TypeKind::Input(column_inputs(columns)),
    );
    types.add(
        format!("{name}_updates"),
        None,
        TypeKind::Input(update_arguments(name)),
    );
    if let Some(key) = grant.readable_key() {
        let about = format!("primary key columns input for table: {name}");
        let fields = vec![InputField::new(
            key.name,
            required(named(key.kind.scalar())),
        )];
        types.add(
            format!("{name}_pk_columns_input"),
            Some(&about),
            TypeKind::Input(fields),
        );
    }
}

/// The arguments of a list of rows.
pub(super) fn select_arguments(table: &str) -> Vec<InputField> {
    vec![
        InputField::new("distinct_on", list_of(&format!("{table}_select_column")))
            .about("distinct select on columns"),
        InputField::new("limit", named("Int"))
            .about("limit the number of rows returned")
            .scalar(Scalar::NonNegative),
        InputField::new("offset", named("Int"))
            .about("skip the first n rows. Use only with order_by")
            .scalar(Scalar::Offset),
        InputField::new("order_by", list_of(&format!("{table}_order_by")))
            .about("sort the rows by one or more columns"),
        InputField::new("where", named(&format!("{table}_bool_exp")))
            .about("filter the rows returned"),
    ]
}

/// The arguments of a stream of rows.
pub(super) fn stream_arguments(table: &str) -> Vec<InputField> {
    let cursor = named(&format!("{table}_stream_cursor_input"));
    vec![
        InputField::new("batch_size", required(named("Int")))
            .about("maximum number of rows returned in a single batch")
            .scalar(Scalar::NonNegative),
        InputField::new("cursor", required(list(cursor)))
            .about("cursor to stream the results returned by the query"),
        InputField::new("where", named(&format!("{table}_bool_exp")))
            .about("filter the rows returned"),
    ]
}

/// `_set`.
pub(super) fn set_argument(table: &str) -> InputField {
    InputField::new("_set", named(&format!("{table}_set_input")))
        .about("sets the columns of the filtered rows to the given values")
        .null(Null::Refused)
}

/// `_set` and `where`.
pub(super) fn update_arguments(table: &str) -> Vec<InputField> {
    vec![
        set_argument(table),
        InputField::new("where", required(named(&format!("{table}_bool_exp"))))
            .about("filter the rows which have to be updated"),
    ]
}
