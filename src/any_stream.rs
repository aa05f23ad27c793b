//! Reading from and writing to whichever stream an enum holds.

/// Implements `AsyncRead` and `AsyncWrite` for an enum whose named variants each hold a stream. To shut one down ends its
/// writing half, a TLS session with its farewell; the other end may go on sending.
macro_rules! reads_and_writes {
    ($enum:ty: $($variant:ident)+) => {
        impl ::tokio::io::AsyncRead for $enum {
            fn poll_read(
                self: ::std::pin::Pin<&mut Self>,
                context: &mut ::std::task::Context<'_>,
                buffer: &mut ::tokio::io::ReadBuf<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                match self.get_mut() {
                    $(Self::$variant(stream) => ::std::pin::Pin::new(stream).poll_read(context, buffer),)+
                }
            }
        }

        impl ::tokio::io::AsyncWrite for $enum {
            fn poll_write(
                self: ::std::pin::Pin<&mut Self>,
                context: &mut ::std::task::Context<'_>,
                bytes: &[u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                match self.get_mut() {
                    $(Self::$variant(stream) => ::std::pin::Pin::new(stream).poll_write(context, bytes),)+
                }
            }

            fn poll_flush(
                self: ::std::pin::Pin<&mut Self>,
                context: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                match self.get_mut() {
                    $(Self::$variant(stream) => ::std::pin::Pin::new(stream).poll_flush(context),)+
                }
            }

            fn poll_shutdown(
                self: ::std::pin::Pin<&mut Self>,
                context: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                match self.get_mut() {
                    $(Self::$variant(stream) => ::std::pin::Pin::new(stream).poll_shutdown(context),)+
                }
            }

            fn poll_write_vectored(
                self: ::std::pin::Pin<&mut Self>,
                context: &mut ::std::task::Context<'_>,
                slices: &[::std::io::IoSlice<'_>],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                match self.get_mut() {
                    $(Self::$variant(stream) => {
                        ::std::pin::Pin::new(stream).poll_write_vectored(context, slices)
                    })+
                }
            }

            fn is_write_vectored(&self) -> bool {
                match self {
                    $(Self::$variant(stream) => stream.is_write_vectored(),)+
                }
            }
        }
    };
}

pub(crate) use reads_and_writes;
