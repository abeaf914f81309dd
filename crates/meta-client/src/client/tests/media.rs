//! Fetching media from a server that plays Meta and the host of the files, and misbehaves.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Instant,
};

use futures_util::stream;

use super::*;
use crate::client::MEDIA_BYTES_MAX;

/// The sha256 of "abc".
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// What the file's address answers, one after the other; the last one again and again.
#[derive(Clone)]
enum File {
    Bytes(&'static [u8]),
    Status(u16),
    Redirect(String),
    /// A body without a length that goes on and on.
    Endless,
    /// One byte in 20 ms, for ever.
    Drip,
    /// Says that it is larger than it may be.
    SaysLarge,
}

#[derive(Clone)]
struct Host {
    /// Where the file is said to be; empty: here.
    url: String,
    size: Value,
    sha256: Option<String>,
    files: Arc<Mutex<VecDeque<File>>>,
    /// Path, query and token of each request.
    seen: Arc<Mutex<Vec<(String, String, String)>>>,
}

async fn play(host: web::Data<Host>, request: HttpRequest) -> HttpResponse {
    let token = request.headers().get("authorization").map_or("", |value| value.to_str().unwrap());
    host.seen.lock().unwrap().push((
        request.path().to_owned(),
        request.query_string().to_owned(),
        token.to_owned(),
    ));
    if !request.path().starts_with("/file") {
        let url = if host.url.is_empty() {
            format!("http://{}/file", request.connection_info().host())
        } else {
            host.url.clone()
        };
        return HttpResponse::Ok()
            .json(json!({"url": url, "file_size": host.size, "sha256": host.sha256, "id": "1"}));
    }
    let mut files = host.files.lock().unwrap();
    let file = if files.len() > 1 { files.pop_front().unwrap() } else { files[0].clone() };
    let chunk = |bytes: Vec<u8>| Ok::<_, std::io::Error>(web::Bytes::from(bytes));
    match file {
        File::Bytes(bytes) => HttpResponse::Ok().body(bytes),
        File::Status(status) => HttpResponse::build(StatusCode::from_u16(status).unwrap()).finish(),
        File::Redirect(to) => HttpResponse::Found().insert_header(("location", to)).finish(),
        File::Endless => HttpResponse::Ok().streaming(stream::repeat_with(move || chunk(vec![7; 65_536]))),
        File::Drip => HttpResponse::Ok().streaming(stream::unfold((), move |()| async move {
            rt::time::sleep(Duration::from_millis(20)).await;
            Some((chunk(vec![7]), ()))
        })),
        File::SaysLarge => HttpResponse::Ok()
            .no_chunking(100_000_000)
            .streaming(stream::pending::<Result<web::Bytes, std::io::Error>>()),
    }
}

impl Host {
    fn with(files: impl IntoIterator<Item = File>) -> Self {
        Self {
            url: String::new(),
            size: json!("3"),
            sha256: None,
            files: Arc::new(Mutex::new(files.into_iter().collect())),
            seen: Arc::default(),
        }
    }

    fn start(&self) -> (String, ServerHandle) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let data = self.clone();
        let http = HttpServer::new(move || {
            App::new().app_data(web::Data::new(data.clone())).default_service(web::to(play))
        });
        let http = http.workers(1).shutdown_timeout(0).disable_signals().listen(listener).unwrap().run();
        let handle = http.handle();
        rt::spawn(http);
        (base, handle)
    }

    async fn fetched(&self, sha256: Option<&str>) -> Result<Vec<u8>, MediaError> {
        let (base, handle) = self.start();
        let mut client = client_for(&base, 5_000).with_media_hosts(vec!["lookaside.fbsbx.com".to_owned()]);
        client.media_timeout = Duration::from_millis(600);
        let bytes = client.fetch(&number(), MediaRef { id: "77/../x", sha256 }).await;
        handle.stop(false).await;
        bytes
    }

    fn paths(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(path, ..)| path.clone()).collect()
    }
}

#[actix_web::test]
async fn a_medium_is_asked_for_with_the_number_and_fetched_with_the_token() {
    let host = Host::with([File::Bytes(b"abc")]);
    assert_eq!(host.fetched(Some(ABC)).await, Ok(b"abc".to_vec()));
    let seen = host.seen.lock().unwrap();
    let (question, download) = (&seen[0], &seen[1]);
    assert_eq!(question.0, "/v25.0/77%2F..%2Fx", "an id is one segment of a path");
    assert_eq!(question.1, "phone_number_id=300000000000001");
    assert_eq!(download.2, format!("Bearer {TOKEN}"));
}

#[actix_web::test]
async fn an_address_that_is_over_is_asked_for_once_more() {
    let host = Host::with([File::Status(404), File::Bytes(b"abc")]);
    assert_eq!(host.fetched(None).await, Ok(b"abc".to_vec()));
    assert_eq!(host.paths().len(), 4);
    let host = Host::with([File::Status(404)]);
    assert_eq!(host.fetched(None).await, Err(MediaError::Moment("the address is over")));
    assert_eq!(host.paths().len(), 4, "twice and no more");
}

#[actix_web::test]
async fn the_token_is_shown_to_listed_hosts_alone() {
    let other = Host::with([File::Bytes(b"abc")]);
    let (elsewhere, handle) = other.start();
    let named = |rest: &str| format!("{}{rest}", elsewhere.replace("127.0.0.1", "localhost"));
    for url in [
        format!("{elsewhere}/file"),
        named("/file"),
        "http://lookaside.fbsbx.com/file".to_owned(),
        "https://lookaside.fbsbx.com:8443/file".to_owned(),
        "https://lookaside.fbsbx.com.example/file".to_owned(),
        "https://x@lookaside.fbsbx.com/file".to_owned(),
        "https://example.com/lookaside.fbsbx.com".to_owned(),
        "file:///etc/passwd".to_owned(),
        "lookaside.fbsbx.com/file".to_owned(),
    ] {
        let host = Host { url: url.clone(), ..Host::with([File::Bytes(b"abc")]) };
        assert_eq!(host.fetched(None).await, Err(MediaError::ForeignHost), "{url}");
        assert_eq!(host.paths().len(), 1, "{url}");
    }
    let host = Host::with([File::Redirect(format!("{elsewhere}/file"))]);
    assert_eq!(host.fetched(None).await, Err(MediaError::ForeignHost));
    assert!(other.paths().is_empty(), "nobody elsewhere was asked");
    handle.stop(false).await;
}

#[actix_web::test]
async fn a_listed_host_may_be_asked() {
    let client = client_for("https://graph.facebook.com", 100)
        .with_media_hosts(vec!["lookaside.fbsbx.com".to_owned()]);
    for (url, allowed) in [
        ("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1", true),
        ("https://lookaside.fbsbx.com:443/x", true),
        ("https://graph.facebook.com/x", true),
        ("https://LOOKASIDE.fbsbx.com/x", true),
        ("http://graph.facebook.com/x", false),
        ("http://127.0.0.1:9000/x", false),
        ("https://a.lookaside.fbsbx.com/x", false),
        ("https://lookaside.fbsbx.com./x", false),
    ] {
        assert_eq!(client.may_ask(&url.parse().unwrap()), allowed, "{url}");
    }
    let client = client_for("https://graph.facebook.com", 100).with_media_hosts(vec!["127.0.0.1".to_owned()]);
    assert!(client.may_ask(&"http://127.0.0.1:9000/x".parse().unwrap()), "a double that is listed");
}

#[actix_web::test]
async fn what_is_too_large_is_not_read_to_its_end() {
    for file in [File::Endless, File::SaysLarge] {
        assert_eq!(Host::with([file]).fetched(None).await, Err(MediaError::TooLarge));
    }
    let says = Host { size: json!(MEDIA_BYTES_MAX + 1), ..Host::with([File::Bytes(b"abc")]) };
    assert_eq!(says.fetched(None).await, Err(MediaError::TooLarge));
    assert_eq!(says.paths().len(), 1);
    let modest = Host { size: json!(1), ..Host::with([File::Endless]) };
    assert_eq!(
        modest.fetched(None).await,
        Err(MediaError::TooLarge),
        "what it says of itself is not believed"
    );
}

#[actix_web::test]
async fn who_drips_is_left() {
    let begun = Instant::now();
    let fetched = Host::with([File::Drip]).fetched(None).await;
    assert_eq!(fetched, Err(MediaError::Moment("no whole answer in time")));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[actix_web::test]
async fn another_content_than_announced_is_not_taken() {
    let announced = Host { sha256: Some(ABC.to_owned()), ..Host::with([File::Bytes(b"abd")]) };
    assert_eq!(announced.fetched(None).await, Err(MediaError::Digest));
    assert_eq!(Host::with([File::Bytes(b"abd")]).fetched(Some(ABC)).await, Err(MediaError::Digest));
    // The webhook's word counts more than that of whoever says where it is.
    let both = Host { sha256: Some("00".repeat(32)), ..Host::with([File::Bytes(b"abc")]) };
    assert_eq!(both.fetched(Some(ABC)).await, Ok(b"abc".to_vec()));
}

#[actix_web::test]
async fn refusals_say_whether_to_try_again() {
    for (status, body, error) in [
        (400, error_body(100), MediaError::Gone),
        (401, error_body(190), MediaError::Token),
        (500, "oops".to_owned(), MediaError::Moment("Meta's trouble")),
        (400, error_body(80_007), MediaError::Moment("Meta's trouble")),
        (200, "{}".to_owned(), MediaError::Moment("an answer without an address")),
    ] {
        let server = Running::start(Answer::Text(status, body));
        let fetched =
            client_for(&server.base, 5_000).fetch(&number(), MediaRef { id: "1", sha256: None }).await;
        assert_eq!(fetched, Err(error));
        server.handle.stop(false).await;
    }
    for status in [403, 500] {
        let fetched = Host::with([File::Status(status)]).fetched(None).await;
        assert!(matches!(fetched, Err(MediaError::Token | MediaError::Moment(_))), "{fetched:?}");
    }
    let nobody = client_for("http://127.0.0.1:9", 500);
    let fetched = nobody.fetch(&number(), MediaRef { id: "1", sha256: None }).await;
    assert_eq!(fetched, Err(MediaError::Moment("no connection")));
}
