//! Closing a client's connection without an answer.

use std::{any::Any, net::Shutdown};

use actix_web::{dev::Extensions, rt::net::TcpStream};

/// A second handle on the client's socket.
pub(super) struct Connection(std::net::TcpStream);

impl Connection {
    /// Remembers the socket with the connection. For `HttpServer::on_connect`.
    pub(super) fn remember(io: &dyn Any, extensions: &mut Extensions) {
        if let Some(connection) = io.downcast_ref::<TcpStream>().and_then(Self::of) {
            extensions.insert(connection);
        }
    }

    #[cfg(unix)]
    fn of(stream: &TcpStream) -> Option<Self> {
        use std::os::fd::AsFd;
        stream.as_fd().try_clone_to_owned().ok().map(|socket| Self(socket.into()))
    }

    #[cfg(windows)]
    fn of(stream: &TcpStream) -> Option<Self> {
        use std::os::windows::io::AsSocket;
        stream.as_socket().try_clone_to_owned().ok().map(|socket| Self(socket.into()))
    }

    /// Closes it in both directions. It may be closed already.
    pub(super) fn close(&self) {
        self.0.shutdown(Shutdown::Both).ok();
    }
}
