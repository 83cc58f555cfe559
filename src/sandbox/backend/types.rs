//! The type system: what validation checks against and introspection shows.

use std::collections::BTreeMap;

use async_graphql_parser::types::{BaseType, Type};
use async_graphql_value::Name;
use serde_json::Value;

use super::role::TablePermissions;

/// A nullable named type.
pub(super) fn named(name: &str) -> Type {
    Type {
        base: BaseType::Named(Name::new(name)),
        nullable: true,
    }
}

/// A nullable list of `member`.
pub(super) fn list(member: Type) -> Type {
    Type {
        base: BaseType::List(Box::new(member)),
        nullable: true,
    }
}

/// Returns the type without null.
pub(super) fn required(mut of: Type) -> Type {
    of.nullable = false;
    of
}

/// `[name!]`.
pub(super) fn list_of(name: &str) -> Type {
    list(required(named(name)))
}

/// The name inside all lists.
pub(super) fn base_name(of: &Type) -> &str {
    match &of.base {
        BaseType::Named(name) => name,
        BaseType::List(member) => base_name(member),
    }
}

/// The meaning of an explicit `null` for a nullable input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Null {
    /// The same as leaving it out.
    Absent,
    /// An error: comparison operators and boolean expressions are nullable in
    /// the schema only, so that they may be left out.
    Refused,
    /// A value like any other: the columns of a row.
    Kept,
}

/// The parsing rule of a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    /// As `PostgreSQL` reads a value of the column's type: strings go to the
    /// database as they are.
    Column,
    /// As GraphQL reads `Int`, and not below zero: `limit`, `batch_size`.
    NonNegative,
    /// 64 bits, a numeric string allowed: `offset`.
    Offset,
    /// As the GraphQL specification says.
    Strict,
}

/// An argument or a field of an input object.
#[derive(Debug, Clone)]
pub(super) struct InputField {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) of: Type,
    pub(super) default: Option<Value>,
    pub(super) null: Null,
    pub(super) scalar: Scalar,
}

impl InputField {
    pub(super) fn new(name: &str, of: Type) -> Self {
        Self {
            name: name.to_owned(),
            description: None,
            of,
            default: None,
            null: Null::Absent,
            scalar: Scalar::Column,
        }
    }

    pub(super) fn about(mut self, description: &str) -> Self {
        self.description = Some(description.to_owned());
        self
    }

    pub(super) fn null(mut self, null: Null) -> Self {
        self.null = null;
        self
    }

    pub(super) fn scalar(mut self, scalar: Scalar) -> Self {
        self.scalar = scalar;
        self
    }

    pub(super) fn default(mut self, value: Value) -> Self {
        self.default = Some(value);
        self
    }
}

/// A field of an object type.
#[derive(Debug, Clone)]
pub(super) struct ObjectField {
    pub(super) name: String,
    pub(super) description: Option<String>,
    /// By name.
    pub(super) arguments: Vec<InputField>,
    pub(super) of: Type,
    /// The action of a root field; other fields name a column.
    pub(super) action: Option<FieldAction>,
}

impl ObjectField {
    pub(super) fn new(name: &str, of: Type) -> Self {
        Self {
            name: name.to_owned(),
            description: None,
            arguments: Vec::new(),
            of,
            action: None,
        }
    }

    pub(super) fn about(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    pub(super) fn takes(mut self, arguments: Vec<InputField>) -> Self {
        self.arguments = arguments;
        self
    }

    pub(super) fn does(mut self, action: FieldAction) -> Self {
        self.action = Some(action);
        self
    }
}

/// The action of a root field. Tables are named by the index of their grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldAction {
    Select(usize),
    SelectByKey(usize),
    Stream(usize),
    Insert(usize),
    InsertOne(usize),
    Update(usize),
    UpdateByKey(usize),
    UpdateMany(usize),
    Delete(usize),
    DeleteByKey(usize),
    NoQueries,
    IntrospectSchema,
    IntrospectType,
}

/// A value of an enum.
#[derive(Debug, Clone)]
pub(super) struct EnumValue {
    pub(super) name: String,
    pub(super) description: String,
}

/// The kind of a named type.
#[derive(Debug, Clone)]
pub(super) enum TypeKind {
    Scalar,
    Enum(Vec<EnumValue>),
    Input(Vec<InputField>),
    Object(Vec<ObjectField>),
}

/// A named type.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) description: Option<String>,
    pub(super) shape: TypeKind,
}

/// The schema of a role.
#[derive(Debug)]
pub(super) struct Types {
    pub(super) named: BTreeMap<String, Definition>,
    pub(super) grants: Vec<TablePermissions>,
    pub(super) mutations: bool,
    pub(super) subscriptions: bool,
    pub(super) introspection: bool,
}

pub(super) const QUERY: &str = "query_root";
pub(super) const MUTATION: &str = "mutation_root";
pub(super) const SUBSCRIPTION: &str = "subscription_root";

impl Types {
    /// The fields of an object type; none for any other.
    pub(super) fn fields(&self, name: &str) -> &[ObjectField] {
        match self.named.get(name).map(|definition| &definition.shape) {
            Some(TypeKind::Object(fields)) => fields,
            Some(TypeKind::Scalar | TypeKind::Enum(_) | TypeKind::Input(_)) | None => &[],
        }
    }

    /// Returns whether the type has fields to select.
    pub(super) fn is_object(&self, name: &str) -> bool {
        matches!(
            self.named.get(name).map(|definition| &definition.shape),
            Some(TypeKind::Object(_))
        )
    }

    pub(super) fn add(
        &mut self,
        name: impl Into<String>,
        description: Option<&str>,
        shape: TypeKind,
    ) {
        self.named.insert(
            name.into(),
            Definition {
                description: description.map(str::to_owned),
                shape,
            },
        );
    }
}
