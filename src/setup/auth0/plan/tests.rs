use super::*;

fn wanted() -> Wanted {
    Wanted {
        audience: "https://todos.example/api".to_owned(),
        name: "tudone".to_owned(),
        client_id: None,
        update_secrets: false,
    }
}

#[test]
fn an_empty_tenant_gets_all_four_parts() {
    let plan = TenantPlan::of(&TenantState::default(), &wanted());

    assert!(plan.steps.iter().all(|step| step.kind == StepKind::Create));
    assert!(plan.sets_secrets());
}

#[test]
fn a_grant_and_a_lifetime_of_the_users_are_kept() {
    let state = TenantState {
        application: Some(json!({
            "client_id": "c", "name": "tudone", "app_type": "native",
            "oidc_conformant": true, "token_endpoint_auth_method": "none",
            "grant_types": ["password", "refresh_token"],
            "jwt_configuration": {"alg": "RS256"},
            "refresh_token": {"rotation_type": "rotating", "leeway": 5, "token_lifetime": 60},
        })),
        ..TenantState::default()
    };

    let plan = TenantPlan::of(&state, &wanted());

    let step = &plan.steps[1];
    assert_eq!(step.kind, StepKind::Change);
    assert_eq!(
        step.body,
        json!({
            "grant_types": ["password", "refresh_token", DEVICE_GRANT],
            "token_endpoint_auth_method": "none",
        })
    );
}

#[test]
fn the_action_is_bound_behind_the_others() {
    let state = TenantState {
        bindings: vec![json!({"id": "b1", "display_name": "Other", "action": {"name": "other"}})],
        ..TenantState::default()
    };

    let plan = TenantPlan::of(&state, &wanted());

    assert_eq!(
        plan.steps[3].body,
        json!({"bindings": [
            {"ref": {"type": "binding_id", "value": "b1"}, "display_name": "Other"},
            {"ref": {"type": "action_name", "value": "hasura-sync"}, "display_name": "hasura-sync"},
        ]})
    );
}
