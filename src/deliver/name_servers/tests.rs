//! The files and the servers on loopback.

use super::*;
use domain::base::iana::Rcode;
use domain::base::{Message, MessageBuilder, Rtype, ToName, Ttl};
use domain::rdata::{A, Aaaa};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::time::Instant;

const IPV4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);
const IPV6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7);

/// What a server does with the one name that it knows; every other name does not exist.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Answers,
    OnlyIpv6,
    Refuses,
    Silent,
    /// Half of it comes over TCP alone.
    Truncates,
    /// A forged answer comes before its own.
    IsForged,
}

/// A name server, and the names that it was asked for IPv4 addresses of.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(ip: &str, port: u16, known: &'static str, manner: Manner) -> Self {
        let socket = UdpSocket::bind((ip.parse::<IpAddr>().unwrap(), port)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let tcp = TcpListener::bind(address).await.unwrap();
        tokio::spawn(async move {
            let mut query = [0; 512];
            loop {
                let (length, from) = socket.recv_from(&mut query).await.unwrap();
                let query = Message::from_octets(query[..length].to_vec()).unwrap();
                let question = query.sole_question().unwrap();
                if question.qtype() == Rtype::A {
                    noted.lock().unwrap().push(question.qname().to_name::<Vec<u8>>().to_string());
                }
                if manner == Manner::IsForged {
                    let mut forged = answer(&query, known, Manner::Answers, true);
                    forged[0] ^= 1;
                    *forged.last_mut().unwrap() ^= 1;
                    socket.send_to(&forged, from).await.unwrap();
                }
                if manner != Manner::Silent {
                    socket.send_to(&answer(&query, known, manner, true), from).await.unwrap();
                }
            }
        });
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = tcp.accept().await.unwrap();
                let length = stream.read_u16().await.unwrap();
                let mut query = vec![0; length.into()];
                stream.read_exact(&mut query).await.unwrap();
                let answer = answer(&Message::from_octets(query).unwrap(), known, manner, false);
                stream.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
                stream.write_all(&answer).await.unwrap();
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(query: &Message<Vec<u8>>, known: &str, manner: Manner, is_udp: bool) -> Vec<u8> {
    let question = query.sole_question().unwrap();
    let is_known = question.qname().to_name::<Vec<u8>>().to_string() == known;
    let rcode = match manner {
        Manner::Refuses => Rcode::SERVFAIL,
        _ if is_known => Rcode::NOERROR,
        _ => Rcode::NXDOMAIN,
    };
    let mut builder = MessageBuilder::new_vec().start_answer(query, rcode).unwrap();
    let is_cut = manner == Manner::Truncates && is_udp;
    builder.header_mut().set_tc(is_cut);
    if rcode == Rcode::NOERROR && !is_cut {
        let name = question.qname();
        if question.qtype() == Rtype::A && manner != Manner::OnlyIpv6 {
            builder.push((name, Ttl::from_secs(1), A::new(IPV4))).unwrap();
        } else if question.qtype() == Rtype::AAAA {
            builder.push((name, Ttl::from_secs(1), Aaaa::new(IPV6))).unwrap();
        }
    }
    builder.finish()
}

async fn look_up(names: &Names, name: &str) -> Vec<IpAddr> {
    names.look_up(name).await.unwrap_or_default()
}

fn both() -> Vec<IpAddr> {
    vec![IPV4.into(), IPV6.into()]
}

#[tokio::test]
async fn a_name_in_the_hosts_file_is_not_asked_for() {
    let server = Server::start("127.0.0.1", 0, "pager.test", Manner::Answers).await;
    let hosts =
        "# pager.test\n::1 ip6 Pager.test. # pager\n127.0.0.9\tother pager.test\nno address pager.test\n";
    let names = Names::parse(hosts.as_bytes(), b"nameserver 127.0.0.1", server.address.port());
    for name in ["pager.test", "PAGER.test", "pager.test."] {
        assert_eq!(look_up(&names, name).await, ["::1", "127.0.0.9"].map(|ip| ip.parse::<IpAddr>().unwrap()));
    }
    assert_eq!(look_up(&names, "pager").await, Vec::<IpAddr>::new());
    assert_eq!(server.asked(), ["pager"]);
}

#[tokio::test]
async fn localhost_is_this_machine_without_a_hosts_file_too() {
    let server = Server::start("127.0.0.1", 0, "localhost", Manner::Answers).await;
    let names = Names::parse(b"", b"nameserver 127.0.0.1", server.address.port());
    for name in ["localhost", "LocalHost."] {
        assert_eq!(look_up(&names, name).await, ["127.0.0.1", "::1"].map(|ip| ip.parse::<IpAddr>().unwrap()));
    }
    assert_eq!(server.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn short_names_are_searched_first_and_long_ones_last() {
    for (name, options, known, asked) in [
        ("pager", "", "pager.b.test", &["pager.a.test", "pager.b.test"][..]),
        ("pager", "", "pager", &["pager.a.test", "pager.b.test", "pager"]),
        ("pager.x", "", "pager.x", &["pager.x"]),
        ("pager.x", "", "pager.x.a.test", &["pager.x", "pager.x.a.test"]),
        ("pager.x", "ndots:2", "pager.x.a.test", &["pager.x.a.test"]),
        ("pager.", "", "pager", &["pager"]),
    ] {
        let server = Server::start("127.0.0.1", 0, known, Manner::Answers).await;
        let conf = format!("search a.test b.test\nnameserver 127.0.0.1\noptions {options}\n");
        let names = Names::parse(b"", conf.as_bytes(), server.address.port());
        assert_eq!(look_up(&names, name).await, both(), "{name} {options}");
        assert_eq!(server.asked(), asked, "{name} {options}");
    }
}

#[tokio::test]
async fn the_next_server_is_asked_if_one_cannot_answer_and_not_if_it_says_no() {
    for (manner, answers) in [(Manner::Refuses, true), (Manner::Silent, true), (Manner::Answers, false)] {
        let first = Server::start("127.0.0.1", 0, "other.test", manner).await;
        let port = first.address.port();
        let second = Server::start("127.0.0.2", port, "pager.test", Manner::Answers).await;
        let conf = b"nameserver 127.0.0.1\nnameserver 127.0.0.3\nnameserver 127.0.0.2\noptions timeout:1";
        let begun = Instant::now();
        let found = look_up(&Names::parse(b"", conf, port), "pager.test").await;
        assert_eq!(found == both(), answers);
        assert_eq!(second.asked().len(), usize::from(answers));
        assert_eq!(first.asked().len(), 1);
        assert_eq!(begun.elapsed() >= Duration::from_secs(1), manner == Manner::Silent);
    }
}

#[tokio::test]
async fn a_silent_server_is_asked_as_often_as_the_file_says() {
    let server = Server::start("127.0.0.1", 0, "pager.test", Manner::Silent).await;
    let conf = b"nameserver 127.0.0.1\noptions timeout:1 attempts:3";
    let begun = Instant::now();
    let error = Names::parse(b"", conf, server.address.port()).look_up("pager.test").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!((server.asked().len(), begun.elapsed().as_secs()), (3, 3));
}

#[tokio::test]
async fn long_and_forged_answers_and_either_kind_of_address_are_understood() {
    for (manner, options, found) in [
        (Manner::Truncates, "", both()),
        (Manner::Truncates, "use-vc", both()),
        (Manner::IsForged, "", both()),
        (Manner::OnlyIpv6, "", vec![IPV6.into()]),
        (Manner::Answers, "no-aaaa", vec![IPV4.into()]),
    ] {
        let server = Server::start("127.0.0.1", 0, "pager.test", manner).await;
        let conf = format!("nameserver 127.0.0.1\noptions {options}");
        let names = Names::parse(b"", conf.as_bytes(), server.address.port());
        assert_eq!(look_up(&names, "pager.test").await, found, "{options}");
    }
}

#[tokio::test]
async fn a_server_may_have_an_ipv6_address() {
    let server = Server::start("::1", 0, "pager.test", Manner::Answers).await;
    let names = Names::parse(b"", b"nameserver ::1", server.address.port());
    assert_eq!(look_up(&names, "pager.test").await, both());
}

#[test]
fn without_a_usable_file_the_server_is_this_machine() {
    for conf in [&b""[..], b"\xff\xfe\nnameserver here\noptions ndots:x timeout:0 attempts:99\nsearch"] {
        let names = Names::parse(b"\xff 127.0.0.1", conf, 53);
        assert_eq!(names.servers, ["127.0.0.1:53".parse().unwrap()]);
        assert_eq!((names.ndots, names.search.len()), (1, 0));
        assert!(names.timeout >= Duration::from_secs(1) && names.attempts <= 5);
    }
    let four = b"nameserver 127.0.0.1\nnameserver 127.0.0.2\nnameserver 127.0.0.3\nnameserver 127.0.0.4";
    assert_eq!(Names::parse(b"", four, 53).servers.len(), 3);
}
