//! One contract for searching vectors, kept wherever they are searched: in process, on a Qdrant server that stands in
//! for a real one in this process, and on a real one where `QDRANT_URL` gives its gRPC address.

mod absent;
mod contract;
mod places;
mod shared;
mod stand_in;
