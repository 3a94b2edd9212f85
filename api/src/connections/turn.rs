//! Whose turn it is on a connection.
//!
//! ```text
//! Expecting --first byte--> Sending --the request is there--> Answering --the answer's head is made--> Expecting
//!                                                             |---- and is the last one -----> Closing
//! ```

use std::{cell::Cell, time::Instant};

use crate::limits::{HEAD_LIMIT, KEEP_ALIVE};

/// Whose turn it is, and until when. The connection and its requests share it.
pub struct Turn {
    state: Cell<State>,
    until: Cell<Instant>,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The client may send a request, and has not begun to.
    Expecting,
    /// The client sends the head of a request.
    Sending,
    /// The service answers a request; how long its body may take is looked at where it is read.
    Answering,
    /// The last answer is made; what the client sends still is of no use.
    Closing,
}

impl Turn {
    /// The client's, on a new connection.
    pub fn new(now: Instant) -> Self {
        Self { state: Cell::new(State::Expecting), until: Cell::new(now + HEAD_LIMIT) }
    }

    /// What is waited for.
    pub fn state(&self) -> State {
        self.state.get()
    }

    /// The client has sent something.
    pub fn received(&self) {
        if self.state.get() == State::Expecting {
            self.state.set(State::Sending);
            self.until.set(Instant::now() + HEAD_LIMIT);
        }
    }

    /// A request is there.
    pub fn answering(&self) {
        self.state.set(State::Answering);
    }

    /// The head of its answer is made, after which the connection may have to close.
    pub fn answered(&self, is_last: bool, now: Instant) {
        let (state, limit) = if is_last { (State::Closing, HEAD_LIMIT) } else { (State::Expecting, KEEP_ALIVE) };
        self.state.set(state);
        self.until.set(now + limit);
    }

    /// The client has taken something of an answer, whose end the time begins with.
    pub fn taken(&self) {
        match self.state.get() {
            State::Expecting => self.until.set(Instant::now() + KEEP_ALIVE),
            State::Sending | State::Closing => self.until.set(Instant::now() + HEAD_LIMIT),
            State::Answering => {}
        }
    }

    /// Until when the client may take its time; without end while it is the service's turn.
    pub fn until(&self) -> Option<Instant> {
        (self.state.get() != State::Answering).then(|| self.until.get())
    }
}
