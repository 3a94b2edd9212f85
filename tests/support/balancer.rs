//! A TCP balancer in front of a service's nodes: each connection goes to the next node that accepts it. When a node
//! dies its connections break, and none moves to another node.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

/// A balancer; it stops with the test's runtime.
pub(crate) struct Balancer {
    address: SocketAddr,
    nodes: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Balancer {
    /// Starts a balancer in front of nodes.
    pub(crate) async fn start(nodes: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, nodes) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(nodes)));
        let listed = nodes.clone();
        tokio::spawn(async move {
            for turn in 0.. {
                let (client, _) = listener.accept().await.unwrap();
                let mut next = listed.lock().unwrap().clone();
                let first = turn % next.len();
                next.rotate_left(first);
                tokio::spawn(pass(client, next));
            }
        });
        Self { address, nodes }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Replaces the address of a node.
    pub(crate) fn replace(&self, index: usize, node: SocketAddr) {
        self.nodes.lock().unwrap()[index] = node;
    }
}

/// Connects a client to the first node that accepts; drops it if none does.
async fn pass(mut client: TcpStream, nodes: Vec<SocketAddr>) {
    for node in nodes {
        if let Ok(mut node) = TcpStream::connect(node).await {
            // Either end may hang up or die.
            let _ = copy_bidirectional(&mut client, &mut node).await;
            return;
        }
    }
}
