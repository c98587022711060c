// Makes the calls of test_clients.py with a Node library: LIBRARY SERVER KEY CALLS, and prints what each returned or raised.

const [library, server, routing_key, calls] = process.argv.slice(2);

function clientOf(library) {
  if (library === "node-pagerduty") {
    const client = new (require("node-pagerduty"))("apikey");
    return (event_action, event) => client.events.sendEvent({ routing_key, event_action, ...event });
  }
  const { event: send, change } = require("@pagerduty/pdjs");
  return async (action, event) => {
    const data = { routing_key, ...event };
    const asked = action === "change" ? change({ server, data }) : send({ server, data: { event_action: action, ...data } });
    const answer = await asked;
    return { status: answer.status, data: answer.data };
  };
}

(async () => {
  const send = clientOf(library);
  for (const [action, event] of JSON.parse(calls)) {
    if (action === "change" && library === "node-pagerduty") continue; // it has none
    let got;
    try {
      got = await send(action, event);
    } catch (error) {
      // An answer in the text is compared as JSON, for the order of its members means nothing.
      const [text, answer] = String(error.message).split(" - ");
      got = { raised: error.constructor.name, text, answer: answer && JSON.parse(answer) };
    }
    console.log(JSON.stringify([action, got]));
  }
})();
