// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use tonic::{Code, Response, Status};

use crate::errors::retry_delay;

/// When a failed unary call is made again, within its timeout.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    /// Calls made in all, the first included. 1: never retry.
    pub max_attempts: u32,
    /// Wait before the second call where the server names none; it doubles for
    /// each further one, up to `max_backoff`.
    pub initial_backoff: Duration,
    pub max_backoff: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            max_attempts: 4,
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
        }
    }
}

impl RetryPolicy {
    /// How long to wait before the next call; `None`: give up.
    ///
    /// Only what can pass by itself is tried again: UNAVAILABLE, and
    /// RESOURCE_EXHAUSTED with a time (without it the request is too large, and
    /// always will be). The server's time is never shortened; waits are spread by
    /// chance, so that many clients do not come again all at once.
    fn wait(&self, status: &Status, attempts: u32) -> Option<Duration> {
        if attempts >= self.max_attempts {
            return None;
        }
        match (status.code(), retry_delay(status)) {
            (Code::Unavailable | Code::ResourceExhausted, Some(delay)) => {
                Some(delay.mul_f64(1.0 + 0.2 * fastrand::f64()))
            }
            (Code::Unavailable, None) => {
                let backoff = self.initial_backoff.saturating_mul(1 << (attempts - 1).min(30));
                Some(backoff.min(self.max_backoff).mul_f64(1.0 - 0.5 * fastrand::f64()))
            }
            _ => None,
        }
    }
}

/// Makes a call, again where the policy says so. It is told how much of the timeout
/// is left.
pub(crate) async fn with_retries<Message>(
    policy: &RetryPolicy,
    timeout: Duration,
    call: impl AsyncFn(Duration) -> Result<Response<Message>, Status>,
) -> Result<Message, Status> {
    let deadline = Instant::now() + timeout;
    let mut attempts = 1;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let status = match timeout_at(deadline, call(left)).await {
            Ok(Ok(response)) => return Ok(response.into_inner()),
            // Where tonic sees first that the time is up, it says CANCELLED.
            Ok(Err(status)) if status.code() != Code::Cancelled || Instant::now() < deadline => {
                status
            }
            _ => return Err(Status::deadline_exceeded(format!("no answer within {timeout:?}"))),
        };
        match policy.wait(&status, attempts) {
            Some(delay) if Instant::now() + delay < deadline => sleep(delay).await,
            _ => return Err(status),
        }
        attempts += 1;
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::{ErrorDetails, StatusExt};

    use super::*;

    #[test]
    fn what_can_pass_is_retried() {
        let policy = RetryPolicy::default();
        for (code, attempts, again) in [
            (Code::Unavailable, 1, true),
            (Code::Unavailable, 3, true),
            (Code::Unavailable, 4, false),
            (Code::ResourceExhausted, 1, false),
            (Code::InvalidArgument, 1, false),
            (Code::DeadlineExceeded, 1, false),
        ] {
            let wait = policy.wait(&Status::new(code, ""), attempts);
            assert_eq!(wait.is_some(), again, "{code:?} after {attempts}");
            assert!(wait.is_none_or(|wait| wait <= policy.max_backoff));
        }
    }

    #[test]
    fn the_servers_time_is_not_shortened() {
        let asked = Duration::from_secs(7);
        let details = ErrorDetails::with_retry_info(Some(asked));
        let status = Status::with_error_details(Code::ResourceExhausted, "", details);
        let wait = RetryPolicy::default().wait(&status, 1).unwrap();
        assert!(asked <= wait && wait <= asked.mul_f64(1.2), "{wait:?}");
    }
}
