//! Injection of faults by route, kind and number.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, Method, StatusCode, header};
use serde::{Deserialize, Serialize};

/// The routes that can fail and are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Route {
    /// `POST /v1/graphql`.
    Graphql,
    /// The same with a mutation. Only for faults: the log says `graphql`.
    Mutation,
    /// `POST /oauth/token`.
    Token,
    /// `POST /oauth/device/code`.
    Device,
    /// `GET /.well-known/openid-configuration` and its alias.
    Discovery,
    /// `GET /.well-known/jwks.json`.
    Jwks,
    /// `POST /oauth/revoke`.
    Revoke,
    /// The websocket on `/v1/graphql`.
    Socket,
}

impl Route {
    /// The route of a request; `None` for one without faults.
    pub(super) fn of(method: &Method, path: &str, headers: &HeaderMap) -> Option<Self> {
        let get = method == Method::GET;
        let post = method == Method::POST;
        match path {
            "/v1/graphql" if post => Some(Self::Graphql),
            "/v1/graphql" if get && headers.contains_key(header::UPGRADE) => Some(Self::Socket),
            "/oauth/token" if post => Some(Self::Token),
            "/oauth/device/code" if post => Some(Self::Device),
            "/oauth/revoke" if post => Some(Self::Revoke),
            "/.well-known/jwks.json" if get => Some(Self::Jwks),
            "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server"
                if get =>
            {
                Some(Self::Discovery)
            }
            _ => None,
        }
    }
}

/// A fault to inject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InjectedFault {
    /// The connection closes as soon as the head of the request is read.
    Refuse,
    /// The request waits before it runs.
    Delay(Duration),
    /// The request runs, and its answer is delayed. A client that disconnects is
    /// in the log without a status.
    DelayAfter(Duration),
    /// The request is read, does not run, and the connection closes.
    DropBefore,
    /// The request runs, and the connection closes without its answer. A
    /// socket is opened first.
    DropAfter,
    /// The request does not run; the status is returned without JSON.
    Status {
        /// The HTTP status.
        code: StatusCode,
        /// `Retry-After`, in seconds.
        retry_after: Option<u32>,
    },
    /// The request does not run; a proxy's HTML page is returned.
    Html(StatusCode),
    /// The request runs, and the connection closes in the middle of the body.
    Truncate,
}

impl InjectedFault {
    /// Returns its name in a fault request; a status with its number.
    pub(super) fn name(self) -> String {
        match self {
            Self::Refuse => "refuse".to_owned(),
            Self::Delay(_) => "delay".to_owned(),
            Self::DelayAfter(_) => "delay_after".to_owned(),
            Self::DropBefore => "drop_before".to_owned(),
            Self::DropAfter => "drop_after".to_owned(),
            Self::Status { code, .. } => format!("status_{}", code.as_u16()),
            Self::Html(_) => "html".to_owned(),
            Self::Truncate => "truncate".to_owned(),
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FaultKind {
    Refuse,
    Delay,
    DelayAfter,
    DropBefore,
    DropAfter,
    Status,
    Html,
    Truncate,
}

/// `POST control/faults`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultOrder {
    route: Route,
    fault: FaultKind,
    status: Option<u16>,
    ms: Option<u64>,
    retry_after: Option<u32>,
    #[serde(default)]
    skip: u64,
    times: Option<u64>,
}

#[derive(Debug)]
struct PlannedFault {
    route: Route,
    fault: InjectedFault,
    /// The number of requests before it starts.
    skip: u64,
    times: Option<u64>,
}

/// The pending faults, in order.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<VecDeque<PlannedFault>>);

impl Faults {
    /// Adds a fault: it happens after those ordered before it for its route,
    /// when `skip` more requests have passed, `times` times, or until
    /// [`clear`](Self::clear) without a number. Says how many wait for that
    /// route now.
    ///
    /// # Errors
    ///
    /// Describes the problem of the fault request.
    pub(super) fn order(&self, order: &FaultOrder) -> Result<usize, String> {
        let fault = order.fault()?;
        let mut planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if order.times != Some(0) {
            planned.push_back(PlannedFault {
                route: order.route,
                fault,
                skip: order.skip,
                times: order.times,
            });
        }
        let waits = |plan: &&PlannedFault| plan.route == order.route;
        Ok(planned.iter().filter(waits).count())
    }

    /// Removes all faults and returns their number.
    pub(super) fn clear(&self) -> usize {
        let mut planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *planned).len()
    }

    /// The fault for a request that arrives now.
    pub(super) fn take(&self, route: Route) -> Option<InjectedFault> {
        self.take_if(route, || true)
    }

    /// Like [`take`](Self::take), where the route depends on the request: `is_it` is
    /// called only if there is a fault for the route.
    pub(super) fn take_if(
        &self,
        route: Route,
        is_it: impl FnOnce() -> bool,
    ) -> Option<InjectedFault> {
        let mut planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = planned.iter().position(|plan| plan.route == route)?;
        if !is_it() {
            return None;
        }
        let plan = planned.get_mut(at)?;
        if plan.skip > 0 {
            plan.skip -= 1;
            return None;
        }
        let fault = plan.fault;
        if let Some(times) = &mut plan.times {
            *times -= 1;
            if *times == 0 {
                planned.remove(at);
            }
        }
        Some(fault)
    }
}

impl FaultOrder {
    fn fault(&self) -> Result<InjectedFault, String> {
        Ok(match self.fault {
            FaultKind::Refuse => InjectedFault::Refuse,
            FaultKind::DropBefore => InjectedFault::DropBefore,
            FaultKind::DropAfter => InjectedFault::DropAfter,
            FaultKind::Truncate if self.route == Route::Socket => {
                return Err("a socket's answer has no body to truncate".to_owned());
            }
            FaultKind::Truncate => InjectedFault::Truncate,
            FaultKind::Delay => InjectedFault::Delay(self.wait("delay")?),
            FaultKind::DelayAfter if self.route == Route::Socket => {
                return Err("a socket's answer is its opening: use `delay`".to_owned());
            }
            FaultKind::DelayAfter => InjectedFault::DelayAfter(self.wait("delay_after")?),
            FaultKind::Status => InjectedFault::Status {
                code: answerable(self.status.ok_or("the fault `status` needs `status`")?)?,
                retry_after: self.retry_after,
            },
            FaultKind::Html => InjectedFault::Html(answerable(self.status.unwrap_or(502))?),
        })
    }

    fn wait(&self, fault: &str) -> Result<Duration, String> {
        self.ms
            .map(Duration::from_millis)
            .ok_or_else(|| format!("the fault `{fault}` needs `ms`"))
    }
}

fn answerable(status: u16) -> Result<StatusCode, String> {
    StatusCode::from_u16(status)
        .ok()
        .filter(|_| (200..600).contains(&status))
        .ok_or_else(|| format!("`status` is between 200 and 599, not {status}"))
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::time::Duration;

    use serde_json::json;

    use super::{Faults, InjectedFault, Route};

    #[test]
    fn faults_come_in_the_order_given_and_as_often() -> Result<(), Box<dyn Error>> {
        let faults = Faults::default();
        for order in [
            json!({"route": "token", "fault": "refuse", "times": 2}),
            json!({"route": "token", "fault": "delay", "ms": 5, "skip": 1}),
        ] {
            faults.order(&serde_json::from_value(order)?)?;
        }
        let delay = Some(InjectedFault::Delay(Duration::from_millis(5)));
        let taken = [(); 5].map(|()| faults.take(Route::Token));
        let refuse = Some(InjectedFault::Refuse);
        assert_eq!(taken, [refuse, refuse, None, delay, delay]);
        assert_eq!(faults.take(Route::Graphql), None);
        assert_eq!(faults.clear(), 1);
        assert_eq!(faults.take(Route::Token), None);
        Ok(())
    }

    #[test]
    fn an_order_that_makes_no_sense_is_refused_in_words() -> Result<(), Box<dyn Error>> {
        for order in [
            json!({"route": "socket", "fault": "truncate"}),
            json!({"route": "token", "fault": "status", "status": 99}),
            json!({"route": "token", "fault": "status"}),
            json!({"route": "token", "fault": "delay"}),
            json!({"route": "mutation", "fault": "delay_after"}),
            json!({"route": "socket", "fault": "delay_after", "ms": 1}),
        ] {
            let faults = Faults::default();
            assert!(
                faults
                    .order(&serde_json::from_value(order.clone())?)
                    .is_err(),
                "{order}"
            );
        }
        Ok(())
    }
}
