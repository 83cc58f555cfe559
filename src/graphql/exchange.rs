//! Sends several operations in one request, if the server accepts that.

use serde_json::value::RawValue;

use crate::auth::access::AccessToken;
use crate::domain::feed::Mark;
use crate::graphql::answer;
use crate::graphql::client::{HasuraClient, no_token, unwritable};
use crate::graphql::convert::{Call, PullQuery, ReadMark};
use crate::graphql::transport::{Received, Transport};
use crate::sync::remote::{
    Batch, Exchanged, Page, PageRequest, PushAnswer, RemoteError, SingleResults, one_by_one,
};
use crate::text::redact::without;

type Pushed = Vec<Result<Vec<PushAnswer>, RemoteError>>;

/// Changes and the mark; `None` if the server does not know the user.
type PulledPage = <PullQuery as Call>::Answer;

/// The results of the operations of an exchange.
struct ExchangeOutcome {
    mark_before: Result<Option<Mark>, RemoteError>,
    pushed: Pushed,
    page: Result<PulledPage, RemoteError>,
    single_operations: bool,
}

impl<T: Transport> HasuraClient<T> {
    /// Reads the mark, sends `batches` and reads a page, in one request if the server
    /// accepts that; without batches, reads only the page.
    ///
    /// Renews a rejected token once; also one whose user the server does not know: the
    /// user's row is created with a token, and a backend that was set up again may have
    /// another id for the user. What was answered before is not sent again.
    pub(super) async fn exchange(&self, batches: &[&Batch], request: PageRequest) -> Exchanged {
        let token = match self.session.bearer().await {
            Ok(token) => token,
            Err(error) => return all_failed(batches, request, &no_token(error)).into(),
        };
        let outcome = self.exchange_with(batches, request, &token).await;
        if !outcome.needs_renewal() {
            return outcome.into();
        }
        let unanswered = batches.get(outcome.answered()..).unwrap_or_default();
        let rest = match self.session.renewed(&token).await {
            Ok(renewed) => self.exchange_with(unanswered, request, &renewed).await,
            Err(error) if error.retryable() => all_failed(unanswered, request, &no_token(error)),
            // The server's answer explains more than the failed renewal.
            Err(_) => return outcome.into(),
        };
        outcome.continued_by(rest).into()
    }

    async fn exchange_with(
        &self,
        batches: &[&Batch],
        request: PageRequest,
        token: &AccessToken,
    ) -> ExchangeOutcome {
        if batches.is_empty() || request.single_operations {
            return self.one_by_one(batches, request, token).await;
        }
        let pull = pull(request);
        let received = match body_of(batches, &pull) {
            Ok(body) => self.transport.post(body, token, pull.limit()).await,
            Err(error) => Err(unwritable(&error)),
        };
        match received {
            Ok(received) => match self.members(batches, &pull, request, &received) {
                Ok(outcome) if outcome.is_good() => outcome,
                // An error message must not contain the token.
                _ => {
                    let clean = Received {
                        body: without(&received.body, &token.secret),
                        ..received
                    };
                    match self.members(batches, &pull, request, &clean) {
                        Ok(outcome) => outcome,
                        Err(error) if rejects_lists(&error, clean.status) => {
                            self.without_lists(batches, request, token, error).await
                        }
                        Err(error) => all_failed(batches, request, &error),
                    }
                }
            },
            Err(error) => all_failed(batches, request, &error),
        }
    }

    /// Parses a list of answers.
    ///
    /// # Errors
    ///
    /// The error in the answer if it is not such a list.
    fn members(
        &self,
        batches: &[&Batch],
        pull: &PullQuery,
        request: PageRequest,
        received: &Received,
    ) -> Result<ExchangeOutcome, RemoteError> {
        let host = self.transport.host();
        let list = answer::members(received).filter(|list| list.len() == batches.len() + 2);
        let Some([mark, pushed @ .., page]) = list.as_deref() else {
            let data: Box<RawValue> = answer::read(received, host)?;
            return Err(RemoteError::InvalidResponse {
                host: host.to_owned(),
                message: format!(
                    "one answer of {} bytes to a list of operations",
                    data.get().len()
                ),
            });
        };
        let pushed = batches.iter().zip(pushed);
        Ok(ExchangeOutcome {
            mark_before: self.member(&ReadMark, mark, received),
            pushed: pushed
                .map(|(batch, part)| self.member(*batch, part, received))
                .collect(),
            page: self.member(pull, page, received),
            single_operations: request.single_operations,
        })
    }

    fn member<C: Call>(
        &self,
        call: &C,
        part: &RawValue,
        received: &Received,
    ) -> Result<C::Answer, RemoteError> {
        let body = part.get().as_bytes();
        let data = answer::read_part(body, received, self.transport.host())?;
        self.read(call, data)
    }

    /// Sends one operation per request, until one gets no answer.
    async fn one_by_one(
        &self,
        batches: &[&Batch],
        request: PageRequest,
        token: &AccessToken,
    ) -> ExchangeOutcome {
        let mark = async {
            if batches.is_empty() {
                return Ok(None);
            }
            self.call_with(&ReadMark, token).await
        };
        let push = async |batch: &Batch| self.call_with(batch, token).await;
        let pull = pull(request);
        let page = self.call_with(&pull, token);
        let SingleResults { mark, pushed, page } = one_by_one(batches, mark, push, page).await;
        ExchangeOutcome {
            mark_before: mark,
            pushed,
            page,
            single_operations: request.single_operations,
        }
    }

    /// Tries again without a list. Only if the server then accepts the page, it is known
    /// to reject lists.
    async fn without_lists(
        &self,
        batches: &[&Batch],
        request: PageRequest,
        token: &AccessToken,
        rejection: RemoteError,
    ) -> ExchangeOutcome {
        tracing::debug!(%rejection, "a list of operations was rejected");
        let mut outcome = self.one_by_one(batches, request, token).await;
        // Smaller lists may be accepted after one that was too large.
        outcome.single_operations = outcome.page.is_ok() && rejection.code() != "http-413";
        outcome
    }
}

impl ExchangeOutcome {
    /// Returns whether another token may help.
    fn needs_renewal(&self) -> bool {
        match &self.page {
            Ok((_, mark)) => mark.is_none(),
            Err(error) => {
                matches!(error, RemoteError::Unauthorized { .. }) && error.code() == "invalid-jwt"
            }
        }
    }

    /// Returns the number of batches, from the first, whose answers do not depend on
    /// the token: none if the server does not know its user, whose rows may belong to
    /// another id.
    fn answered(&self) -> usize {
        if !matches!(self.mark_before, Ok(Some(_))) {
            return 0;
        }
        let is_answer = |pushed: &&Result<Vec<PushAnswer>, RemoteError>| match pushed {
            Ok(_) => true,
            Err(error) => error.is_of_operation(),
        };
        self.pushed.iter().take_while(is_answer).count()
    }

    /// Returns the answers so far with those to the `rest` of the operations.
    fn continued_by(mut self, rest: Self) -> Self {
        self.pushed.truncate(self.answered());
        self.pushed.extend(rest.pushed);
        Self {
            mark_before: match self.mark_before {
                Ok(Some(mark)) => Ok(Some(mark)),
                Ok(None) | Err(_) => rest.mark_before,
            },
            pushed: self.pushed,
            page: rest.page,
            single_operations: rest.single_operations,
        }
    }

    fn is_good(&self) -> bool {
        self.mark_before.is_ok() && self.page.is_ok() && self.pushed.iter().all(Result::is_ok)
    }
}

impl From<ExchangeOutcome> for Exchanged {
    fn from(outcome: ExchangeOutcome) -> Self {
        let page = outcome.mark_before.clone().and(outcome.page);
        let (page, known) = match page {
            Ok((changes, Some(mark))) => (Ok(Page { changes, mark }), true),
            Ok((_, None)) => (Err(no_user()), false),
            Err(error) => (Err(error), true),
        };
        // Without the user's row, no todo of the user can be written.
        let for_unknown_user = |error: RemoteError| {
            if !known && matches!(error, RemoteError::Rejected { .. }) {
                return no_user();
            }
            error
        };
        Self {
            mark_before: outcome.mark_before.ok().flatten(),
            pushed: outcome
                .pushed
                .into_iter()
                .map(|pushed| pushed.map_err(for_unknown_user))
                .collect(),
            page,
            single_operations: outcome.single_operations,
        }
    }
}

pub(super) fn no_user() -> RemoteError {
    RemoteError::Unauthorized {
        code: "no-user".to_owned(),
        message: "it has no row for the user of this login".to_owned(),
    }
}

const fn pull(request: PageRequest) -> PullQuery {
    PullQuery {
        since: request.since,
        limit: request.limit,
    }
}

fn body_of(batches: &[&Batch], pull: &PullQuery) -> serde_json::Result<Vec<u8>> {
    let mut list = b"[".to_vec();
    list.append(&mut ReadMark.body()?);
    list.push(b',');
    for batch in batches {
        list.append(&mut batch.body()?);
        list.push(b',');
    }
    list.append(&mut pull.body()?);
    list.push(b']');
    Ok(list)
}

fn all_failed(batches: &[&Batch], request: PageRequest, error: &RemoteError) -> ExchangeOutcome {
    ExchangeOutcome {
        mark_before: Err(error.clone()),
        pushed: batches.iter().map(|_| Err(error.clone())).collect(),
        page: Err(error.clone()),
        single_operations: request.single_operations,
    }
}

/// Returns whether an answer to a list may mean that the server, or a proxy in front
/// of it, rejects lists.
fn rejects_lists(error: &RemoteError, status: u16) -> bool {
    match error {
        RemoteError::Rejected { .. } => true,
        RemoteError::InvalidResponse { .. } => (400..500).contains(&status),
        RemoteError::ServerError { code, .. } => {
            !matches!(
                code.as_str(),
                "unexpected"
                    | "postgres-error"
                    | "postgres-max-connections-error"
                    | "concurrent-update"
            ) && !code.starts_with("http-")
        }
        RemoteError::Unreachable { .. }
        | RemoteError::ConnectionLost { .. }
        | RemoteError::Unauthorized { .. }
        | RemoteError::NoToken { .. }
        | RemoteError::TooLarge { .. } => false,
    }
}

#[cfg(test)]
mod tests;
