// What the calls of both Node clients have in common.

exports.TRIGGER = {
  dedup_key: "client-checkout/1",
  client: "checkout",
  client_url: "https://example.com/",
  links: [{ href: "https://example.com/a?b=c&d=e", text: "Runbook" }],
  images: [{ src: "https://example.com/graph.png", href: "https://example.com/", alt: "graph" }],
  payload: {
    summary: 'checkout: "no answer" at C:\\data & 告警 100%',
    source: "web-1",
    severity: "warning",
    component: "api",
    group: "shop",
    class: "latency",
    timestamp: "2026-11-24T08:00:00.123Z",
    custom_details: { p99: 870.5, pods: ["a", "b"], nested: { empty: {}, none: null, true: true }, text: "x=1&y=2\nz" },
  },
};
exports.WITHOUT_KEY = { payload: { summary: "disk full", source: "db-7", severity: "critical" } };
exports.CHANGE = { payload: { summary: "deployed checkout 1.4", source: "ci", timestamp: "2026-11-24T08:00:00Z" } };

exports.call = async (name, arrives, doing) => {
  let got;
  try {
    got = await doing();
  } catch (error) {
    // An answer in the text is compared as JSON, for the order of its members means nothing.
    const [text, answer] = String(error.message).split(" - ");
    got = { raised: error.constructor.name, text, answer: answer && JSON.parse(answer) };
  }
  console.log(JSON.stringify({ call: name, arrives, got }));
};
