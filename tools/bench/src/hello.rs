//! The least that a Lambda function in Rust can be: what the function's cold start is measured
//! against.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

fn main() -> Result<(), Error> {
    // One thread, as the function has it: the default with its workers starts slower.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(lambda_runtime::run(service_fn(|_: LambdaEvent<Value>| async {
        Ok::<_, Error>(json!({"statusCode": 202, "body": "hello"}))
    })))
}
