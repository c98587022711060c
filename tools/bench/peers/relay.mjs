// What the function does, with Node's own library and without its care: an event for each alert of a webhook.
import http from "node:http";
import https from "node:https";

const ways = { "http:": http, "https:": https };
const agents = { "http:": new http.Agent({ keepAlive: true }), "https:": new https.Agent({ keepAlive: true }) };

const call = (method, url, body) =>
  new Promise((resolve, reject) => {
    const { protocol } = new URL(url);
    const calling = ways[protocol].request(url, { method, agent: agents[protocol], headers: { "content-type": "application/json" } }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part) => (text += part));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
    });
    calling.on("error", reject);
    calling.end(body);
  });

const post = (alert) =>
  call(
    "POST",
    `${process.env.PAGERDUTY_EVENTS_URL}v2/enqueue`,
    JSON.stringify({
      routing_key: "0".repeat(32),
      event_action: alert.status === "resolved" ? "resolve" : "trigger",
      dedup_key: alert.fingerprint,
      payload: { summary: alert.labels.alertname, source: "ARMS", severity: "error", custom_details: alert },
    }),
  );

const runtime = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
for (;;) {
  const invocation = await call("GET", `${runtime}/next`);
  let answer;
  for (const alert of JSON.parse(JSON.parse(invocation.text).body).alerts) {
    answer = await post(alert);
  }
  const id = invocation.headers["lambda-runtime-aws-request-id"];
  await call("POST", `${runtime}/${id}/response`, JSON.stringify({ statusCode: answer.status, body: answer.text }));
}
