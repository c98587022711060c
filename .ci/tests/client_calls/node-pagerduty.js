// npm `node-pagerduty`; its host is built in.

const Client = require("node-pagerduty");
const { TRIGGER, WITHOUT_KEY, call } = require("./said.js");

const routing_key = process.argv[3];
const client = new Client("apikey");
const send = (data) => async () => client.events.sendEvent({ routing_key, ...data });

(async () => {
  await call("trigger", 1, send({ event_action: "trigger", ...TRIGGER }));
  // The whole payload again, as its documentation has it.
  await call("acknowledge", 1, send({ event_action: "acknowledge", ...TRIGGER }));
  await call("resolve", 1, send({ event_action: "resolve", ...TRIGGER }));
  await call("trigger without a key", 1, send({ event_action: "trigger", ...WITHOUT_KEY }));
  await call("resolve without a key", 0, send({ event_action: "resolve", ...WITHOUT_KEY }));
})();
