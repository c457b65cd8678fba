//! SFTP version 3 on the wire (draft-ietf-secsh-filexfer-02): requests out of bytes. Replies are in [`super::replies`].

use bytes::{Buf, Bytes, BytesMut};

/// The longest packet that is taken: OpenSSH's own limit.
pub(super) const LONGEST_PACKET: usize = 256 * 1024;
/// The most bytes in one read or write, as OpenSSH's server tells them.
pub(super) const LONGEST_DATA: u32 = 255 * 1024;

/// A status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok = 0,
    Eof = 1,
    NoSuchFile = 2,
    PermissionDenied = 3,
    Failure = 4,
    BadMessage = 5,
    OpUnsupported = 8,
}

impl Status {
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Ok => "Success",
            Self::Eof => "End of file",
            Self::NoSuchFile => "No such file",
            Self::PermissionDenied => "Permission denied",
            Self::Failure => "Failure",
            Self::BadMessage => "Bad message",
            Self::OpUnsupported => "Operation unsupported",
        }
    }
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenFlags(u32);

impl OpenFlags {
    pub(super) fn reads(self) -> bool {
        self.0 & 1 != 0
    }

    pub(super) fn writes(self) -> bool {
        self.0 & 2 != 0
    }

    pub(super) fn appends(self) -> bool {
        self.0 & 4 != 0
    }

    pub(super) fn creates(self) -> bool {
        self.0 & 8 != 0
    }

    pub(super) fn truncates(self) -> bool {
        self.0 & 16 != 0
    }

    pub(super) fn is_exclusive(self) -> bool {
        self.0 & 32 != 0
    }
}

/// A request, without its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    Init,
    Open {
        path: Bytes,
        flags: OpenFlags,
    },
    Close {
        handle: Bytes,
    },
    Read {
        handle: Bytes,
        offset: u64,
        length: u32,
    },
    Write {
        handle: Bytes,
        offset: u64,
        data: Bytes,
    },
    /// LSTAT too: there are no links.
    Stat {
        path: Bytes,
    },
    Fstat {
        handle: Bytes,
    },
    SetStat {
        path: Bytes,
    },
    FsetStat {
        handle: Bytes,
    },
    OpenDir {
        path: Bytes,
    },
    ReadDir {
        handle: Bytes,
    },
    Remove {
        path: Bytes,
    },
    MkDir {
        path: Bytes,
    },
    RmDir {
        path: Bytes,
    },
    RealPath {
        path: Bytes,
    },
    Rename {
        from: Bytes,
        to: Bytes,
    },
    ReadLink,
    Symlink,
    Extended {
        name: Bytes,
    },
    /// Of a kind that is not known.
    Unknown,
    /// Of a known kind, and broken.
    Broken,
}

impl Request {
    /// About how many bytes it makes the disk move.
    pub(super) fn weight(&self) -> usize {
        if let Self::Read { length, .. } = self {
            usize::try_from((*length).min(LONGEST_DATA)).unwrap_or_default()
        } else if let Self::Write { data, .. } = self {
            data.len()
        } else {
            1024
        }
    }
}

/// Takes a whole packet off the front, without its length; `None` until it is there.
///
/// # Errors
/// The length cannot be one of SFTP: what follows makes no sense.
pub(super) fn packet(buffer: &mut BytesMut) -> Result<Option<Bytes>, ()> {
    let Some(length) = buffer.first_chunk::<4>().map(|length| u32::from_be_bytes(*length)) else { return Ok(None) };
    let length = usize::try_from(length).map_err(|_| ())?;
    if length == 0 || length > LONGEST_PACKET {
        return Err(());
    }
    if buffer.len() < 4 + length {
        return Ok(None);
    }
    buffer.advance(4);
    Ok(Some(buffer.split_to(length).freeze()))
}

/// Reads a request with its id.
pub(super) fn request(mut packet: Bytes) -> (u32, Request) {
    let (Ok(kind), Ok(id)) = (packet.try_get_u8(), packet.try_get_u32()) else { return (0, Request::Broken) };
    if kind == 1 {
        // INIT holds a version where others have an id.
        return (id, Request::Init);
    }
    (id, body(kind, &mut packet).unwrap_or(Request::Broken))
}

fn body(kind: u8, packet: &mut Bytes) -> Option<Request> {
    Some(match kind {
        3 => Request::Open { path: string(packet)?, flags: OpenFlags(packet.try_get_u32().ok()?) },
        4 => Request::Close { handle: string(packet)? },
        5 => Request::Read {
            handle: string(packet)?,
            offset: packet.try_get_u64().ok()?,
            length: packet.try_get_u32().ok()?,
        },
        6 => Request::Write { handle: string(packet)?, offset: packet.try_get_u64().ok()?, data: string(packet)? },
        7 | 17 => Request::Stat { path: string(packet)? },
        8 => Request::Fstat { handle: string(packet)? },
        9 => Request::SetStat { path: string(packet)? },
        10 => Request::FsetStat { handle: string(packet)? },
        11 => Request::OpenDir { path: string(packet)? },
        12 => Request::ReadDir { handle: string(packet)? },
        13 => Request::Remove { path: string(packet)? },
        14 => Request::MkDir { path: string(packet)? },
        15 => Request::RmDir { path: string(packet)? },
        16 => Request::RealPath { path: string(packet)? },
        18 => Request::Rename { from: string(packet)?, to: string(packet)? },
        19 => Request::ReadLink,
        20 => Request::Symlink,
        200 => Request::Extended { name: string(packet)? },
        _ => Request::Unknown,
    })
}

fn string(packet: &mut Bytes) -> Option<Bytes> {
    let length = usize::try_from(packet.try_get_u32().ok()?).ok()?;
    (length <= packet.len()).then(|| packet.split_to(length))
}
