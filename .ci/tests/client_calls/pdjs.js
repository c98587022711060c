// npm `@pagerduty/pdjs`, PagerDuty's own client; it has a setting for the host, and always speaks TLS.

const { trigger, acknowledge, resolve, change, event } = require("@pagerduty/pdjs");
const { TRIGGER, WITHOUT_KEY, CHANGE, call } = require("./said.js");

const [server, routing_key] = process.argv.slice(2);
const { dedup_key } = TRIGGER;
const send = (action, data) => async () => {
  const answer = await action({ server, data: { routing_key, ...data } });
  return { status: answer.status, data: answer.data };
};

(async () => {
  await call("trigger", 1, send(trigger, TRIGGER));
  await call("the whole event on acknowledge", 1, send(event, { event_action: "acknowledge", ...TRIGGER }));
  await call("acknowledge", 1, send(acknowledge, { dedup_key }));
  await call("resolve", 1, send(resolve, { dedup_key }));
  await call("trigger without a key", 1, send(trigger, WITHOUT_KEY));
  await call("change", 1, send(change, CHANGE));
  await call("acknowledge without a key", 0, send(acknowledge, {}));
  await call("resolve without a key", 0, send(resolve, {}));
})();
