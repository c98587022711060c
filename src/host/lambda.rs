//! AWS Lambda: function URL and HTTP API events, payload format 2.0 (AWS, "Invoking Lambda function
//! URLs"), and the messages of an SQS queue (AWS, "Using Lambda with Amazon SQS").

use super::fault::Fault;
use crate::relay::{Invocation, Relay};
use crate::worker::Record;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlResponse;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Also without the padding at its end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What is needed of an event. The type of `aws_lambda_events` refuses the whole event for one
/// header that it cannot hold; here such a header is left out, and the alert gets through.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    headers: Option<Headers>,
    request_context: RequestContext,
    /// As bytes: JSON can escape half a surrogate pair, which no text can hold.
    body: Option<ByteBuf>,
    is_base64_encoded: Option<bool>,
}

/// Without a map in between, which would hash every name once more.
struct Headers(HeaderMap);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMap;

        impl<'de> Visitor<'de> for OfMap {
            type Value = Headers;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object of headers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
                let mut headers = HeaderMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    let value = value.as_str().map(|text| HeaderValue::from_bytes(text.as_bytes()));
                    if let (Ok(name), Some(Ok(value))) = (HeaderName::from_bytes(name.as_bytes()), value) {
                        // A map that is full leaves out the rest: `insert` would end the process.
                        let _ = headers.try_insert(name, value);
                    }
                }
                Ok(Headers(headers))
            }
        }

        deserializer.deserialize_map(OfMap)
    }
}

#[derive(Deserialize)]
struct RequestContext {
    stage: Option<String>,
    http: HttpContext,
}

#[derive(Deserialize)]
struct HttpContext {
    method: String,
}

/// What an invocation is answered with: the answer to a request, the messages that stay in the queue, or
/// both, if there are messages and no queue in the settings.
#[derive(Default, Serialize)]
struct Reply {
    #[serde(flatten)]
    response: Option<LambdaFunctionUrlResponse>,
    #[serde(rename = "batchItemFailures", skip_serializing_if = "Option::is_none")]
    failures: Option<Vec<ItemFailure>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

/// Takes invocations until Lambda ends the process.
pub(super) async fn run(relay: Arc<Relay>) -> Result<(), Fault> {
    let handler = service_fn(|event: LambdaEvent<Box<RawValue>>| {
        let relay = Arc::clone(&relay);
        async move { Ok::<_, Fault>(invoke(&relay, event).await) }
    });
    lambda_runtime::run(handler).await
}

async fn invoke(relay: &Relay, event: LambdaEvent<Box<RawValue>>) -> Reply {
    let (payload, context) = event.into_parts();
    let ends_at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(context.deadline));
    // One emulator gives deadlines in the past, which count as none.
    let left = ends_at.and_then(|ends_at| ends_at.duration_since(SystemTime::now()).ok());
    let deadline = left.and_then(|left| Instant::now().checked_add(left));
    let invocation = Invocation { request_id: context.request_id, deadline };
    if let Some(request) = unpack(&payload) {
        drop(payload);
        let response = relay.handle(request, &invocation).await;
        return Reply { response: Some(pack(response)), failures: None };
    }
    let records = unpack_batch(&payload);
    drop(payload);
    if let (Some(records), Some(worker)) = (&records, relay.worker()) {
        let failed = worker.work(records, &invocation.request_id, invocation.deadline).await;
        return Reply { response: None, failures: Some(failed.into_iter().map(ItemFailure::of).collect()) };
    }
    // Messages stay in their queue until the settings name it.
    let messages = records.map(|records| records.into_iter().map(|record| record.message_id));
    let failures = messages.map(|messages| messages.map(ItemFailure::of).collect());
    let response = relay.answer_unknown_shape(&invocation).response;
    Reply { response: Some(pack(response)), failures }
}

impl ItemFailure {
    fn of(item_identifier: String) -> Self {
        Self { item_identifier }
    }
}

/// The messages of an event of SQS, and of no other source. What is missing in one is empty: a message must
/// not be lost for that.
fn unpack_batch(payload: &RawValue) -> Option<Vec<Record>> {
    let event: Value = serde_json::from_str(payload.get()).ok()?;
    let records = event.get("Records")?.as_array().filter(|records| !records.is_empty())?;
    let text = |record: &Value, pointer: &str| {
        record.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let unpack = |record: &Value| {
        if text(record, "/eventSource") != "aws:sqs" {
            return None;
        }
        let receives = text(record, "/attributes/ApproximateReceiveCount").parse().unwrap_or_default();
        Some(Record {
            message_id: text(record, "/messageId"),
            receipt_handle: text(record, "/receiptHandle"),
            body: text(record, "/body"),
            group: text(record, "/attributes/MessageGroupId"),
            receives,
        })
    };
    records.iter().map(unpack).collect()
}

fn unpack(payload: &RawValue) -> Option<Request<Bytes>> {
    let event: Event = serde_json::from_str(payload.get()).ok()?;
    let mut path = event.raw_path.unwrap_or_default();
    // An HTTP API puts the name of a stage before the path, unless it is the default one.
    if let Some(stage) = event.request_context.stage.filter(|stage| stage != "$default")
        && let Some(rest) = path.strip_prefix('/').and_then(|path| path.strip_prefix(stage.as_str()))
        && (rest.is_empty() || rest.starts_with('/'))
    {
        path = rest.to_owned();
    }
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    let mut uri = encode(&path.replace('?', "%3F"));
    if let Some(query) = event.raw_query_string.filter(|query| !query.is_empty()) {
        uri.push('?');
        uri.push_str(&encode(&query));
    }
    let body = match event.body {
        Some(body) if event.is_base64_encoded == Some(true) => {
            // Events that were made by hand may have base64 in lines.
            let line: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            // A mislabelled body is still an alert.
            BASE64.decode(line).unwrap_or_else(|_| body.into_vec()).into()
        }
        Some(body) => Bytes::from(body.into_vec()),
        None => Bytes::new(),
    };
    let mut request = Request::new(body);
    *request.method_mut() = Method::from_bytes(event.request_context.http.method.as_bytes()).ok()?;
    *request.uri_mut() = uri.parse().ok()?;
    *request.headers_mut() = event.headers.map(|headers| headers.0).unwrap_or_default();
    Some(request)
}

/// What a URI may not contain, percent-encoded.
fn encode(text: &str) -> String {
    let mut uri = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

fn pack(response: Response<Bytes>) -> LambdaFunctionUrlResponse {
    let (head, body) = response.into_parts();
    let mut packed = LambdaFunctionUrlResponse::default();
    packed.status_code = i64::from(head.status.as_u16());
    packed.headers = head.headers;
    packed.body = Some(String::from_utf8_lossy(&body).into_owned());
    packed
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set itself up should stop")]
mod tests {
    use super::unpack;
    use serde_json::value::RawValue;

    #[test]
    fn more_headers_than_a_map_holds_are_left_out() {
        let headers: Vec<String> = (0..40_000).map(|number| format!(r#""x-{number}":"a""#)).collect();
        let event = format!(
            r#"{{"requestContext":{{"http":{{"method":"POST"}}}},"headers":{{{}}}}}"#,
            headers.join(",")
        );
        let request = unpack(&RawValue::from_string(event).unwrap()).unwrap();
        assert!((20_000..40_000).contains(&request.headers().len()));
    }

    #[test]
    fn a_body_is_taken_in_every_way_in_which_it_may_be_written() {
        for (body, is_base64, taken) in [
            (r"a\nb", false, "a\nb"),
            (r"a\ud800b\ud83d\ude00", false, "a\u{fffd}\u{fffd}\u{fffd}b\u{1f600}"),
            ("YSBi", true, "a b"),
            ("YWI=", true, "ab"),
            ("YWI", true, "ab"),
            (r"YS\r\nBi\n", true, "a b"),
            ("a b, c", true, "a b, c"),
        ] {
            let event = format!(
                r#"{{"requestContext":{{"http":{{"method":"POST"}}}},"body":"{body}","isBase64Encoded":{is_base64}}}"#
            );
            let request = unpack(&RawValue::from_string(event).unwrap()).unwrap();
            assert_eq!(String::from_utf8_lossy(request.body()), taken, "{body}");
        }
    }
}
