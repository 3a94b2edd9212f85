//! Whose turn it is on a connection, the client's or the service's, and the client's deadline.
//!
//! ```text
//! Expecting --first byte--> Sending --head complete--> Answering --response begins--> Expecting
//!                                                              |--last response----> Closing
//! ```

use std::{cell::Cell, time::Instant};

use crate::limits::{HEAD_LIMIT, KEEP_ALIVE};

/// The state of a connection and the client's deadline. Created with the connection, and shared with each of its
/// requests.
pub(crate) struct Turn {
    state: Cell<State>,
    until: Cell<Instant>,
}

/// The event that the connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The client may send a request and has not begun to.
    Expecting,
    /// The client is sending the head of a request.
    Sending,
    /// The service is answering a request. Whoever reads the body limits the time for that.
    Answering,
    /// The last response has begun. Anything the client still sends is ignored.
    Closing,
}

impl Turn {
    /// The state of a new connection: the client has `HEAD_LIMIT` to send its first request.
    pub(crate) fn new(now: Instant) -> Self {
        Self { state: Cell::new(State::Expecting), until: Cell::new(now + HEAD_LIMIT) }
    }

    /// The event that the connection waits for.
    pub(crate) fn state(&self) -> State {
        self.state.get()
    }

    /// Records bytes from the client. The first ones of a request start the deadline for its head.
    pub(crate) fn received(&self) {
        if self.state.get() == State::Expecting {
            self.state.set(State::Sending);
            self.until.set(Instant::now() + HEAD_LIMIT);
        }
    }

    /// Records that the head of a request is complete. There is no deadline until `answered`.
    pub(crate) fn answering(&self) {
        self.state.set(State::Answering);
    }

    /// Records that a response has begun. `is_last` means that the connection closes after it.
    pub(crate) fn answered(&self, is_last: bool, now: Instant) {
        let (state, limit) = if is_last { (State::Closing, HEAD_LIMIT) } else { (State::Expecting, KEEP_ALIVE) };
        self.state.set(state);
        self.until.set(now + limit);
    }

    /// Records that the client has read part of a response, which restarts the deadline: it counts from the end of the
    /// response.
    pub(crate) fn taken(&self) {
        match self.state.get() {
            State::Expecting => self.until.set(Instant::now() + KEEP_ALIVE),
            State::Sending | State::Closing => self.until.set(Instant::now() + HEAD_LIMIT),
            State::Answering => {}
        }
    }

    /// The client's deadline; `None` while it is the service's turn.
    pub(crate) fn until(&self) -> Option<Instant> {
        (self.state.get() != State::Answering).then(|| self.until.get())
    }
}
