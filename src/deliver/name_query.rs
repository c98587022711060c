//! One question to one name server, over UDP, and over TCP if the answer is too long for that (RFC 1035).

use domain::base::iana::Rcode;
use domain::base::{Message, MessageBuilder, Name, Rtype};
use domain::rdata::{A, Aaaa};
use ring::rand::{SecureRandom, SystemRandom};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// Longer answers come over TCP.
const UDP_MAX_BYTES: usize = 512;

/// Which addresses are asked for.
#[derive(Clone, Copy)]
pub(super) enum Question {
    Ipv4,
    Ipv6,
}

/// The addresses that the server knows. There are none if it says that the name does not exist or has none.
///
/// # Errors
/// The server does not answer in time, or says that it cannot.
pub(super) async fn ask(
    server: SocketAddr,
    name: &str,
    question: Question,
    within: Duration,
    only_tcp: bool,
) -> io::Result<Vec<IpAddr>> {
    let query = query(name, question)?;
    let asking = async {
        if !only_tcp {
            let answer = ask_by_udp(server, &query).await?;
            if !answer.header().tc() {
                return Ok(answer);
            }
        }
        ask_by_tcp(server, &query).await
    };
    let answer = timeout(within, asking).await??;
    match answer.header().rcode() {
        Rcode::NOERROR | Rcode::NXDOMAIN => addresses(&answer, question),
        refused => Err(io::Error::other(refused.to_string())),
    }
}

fn query(name: &str, question: Question) -> io::Result<Message<Vec<u8>>> {
    let name = Name::vec_from_str(name).map_err(io::Error::other)?;
    let mut id = [0; 2];
    SystemRandom::new().fill(&mut id).map_err(|_| io::Error::other("no random number"))?;
    let mut builder = MessageBuilder::new_vec();
    builder.header_mut().set_id(u16::from_ne_bytes(id));
    builder.header_mut().set_rd(true);
    let mut builder = builder.question();
    let kind = match question {
        Question::Ipv4 => Rtype::A,
        Question::Ipv6 => Rtype::AAAA,
    };
    builder.push((name, kind)).map_err(io::Error::other)?;
    Ok(builder.into_message())
}

async fn ask_by_udp(server: SocketAddr, query: &Message<Vec<u8>>) -> io::Result<Message<Vec<u8>>> {
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    // What comes from elsewhere is not received.
    socket.connect(server).await?;
    socket.send(query.as_slice()).await?;
    loop {
        let mut answer = vec![0; UDP_MAX_BYTES];
        let length = socket.recv(&mut answer).await?;
        answer.truncate(length);
        // What does not answer this question is a late answer to another one, or forged.
        if let Ok(answer) = Message::from_octets(answer)
            && answer.is_answer(query)
        {
            return Ok(answer);
        }
    }
}

async fn ask_by_tcp(server: SocketAddr, query: &Message<Vec<u8>>) -> io::Result<Message<Vec<u8>>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(query.as_slice().len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), query.as_slice()].concat()).await?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).await?;
    let mut answer = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut answer).await?;
    let answer = Message::from_octets(answer).map_err(io::Error::other)?;
    if answer.is_answer(query) { Ok(answer) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// The server has followed the aliases, so every address in the answer is one of the name's.
fn addresses(answer: &Message<Vec<u8>>, question: Question) -> io::Result<Vec<IpAddr>> {
    let records = answer.answer().map_err(io::Error::other)?;
    let addresses: Result<Vec<IpAddr>, _> = match question {
        Question::Ipv4 => records.limit_to_in::<A>().map(|record| Ok(record?.data().addr().into())).collect(),
        Question::Ipv6 => {
            records.limit_to_in::<Aaaa>().map(|record| Ok(record?.data().addr().into())).collect()
        }
    };
    addresses.map_err(|error: domain::base::wire::ParseError| io::Error::other(error))
}
