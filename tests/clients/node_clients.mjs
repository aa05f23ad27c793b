// node's fetch (undici), http and http2 through sidegate. Reads what it has to know from standard input, prints a line
// for each check.

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import { text, buffer } from "node:stream/consumers";
import { Readable } from "node:stream";

const told = JSON.parse(await text(process.stdin));
const bearer = { authorization: `Bearer ${told.token}` };
const payload = Buffer.alloc(3_000_001, (index) => index).map((_, index) => (index * 7919) >> 8);
const MEGABYTES = 8 * 1024 * 1024 + 7;
const PATIENCE = 30_000;

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");
const whole = digest(Buffer.alloc(MEGABYTES).map((_, index) => index));

async function check(name, body) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("too late")), PATIENCE);
  });
  try {
    await Promise.race([body(), late]);
    console.log(`ok   ${name}`);
  } catch (failure) {
    const cause = failure.cause ? ` (${failure.cause})` : "";
    console.log(`FAIL ${name}: failed: ${`${failure}${cause}`.replaceAll("\n", " ")}`);
  } finally {
    clearTimeout(timer);
  }
}

async function openGate(name) {
  const answer = await fetch(`${told.direct}/debug/gates/${name}`, { method: "POST" });
  assert.equal(answer.status, 200);
}

async function* pieces() {
  for (let start = 0; start < payload.length; start += 10_000) yield payload.subarray(start, start + 10_000);
}

const uploads = [["with a length", payload], ["without a length", pieces]];

// --- one journey for every client: each is a function from (method, path, headers, body) to
// { status, headers, body (a Readable), version }

async function journey(name, send) {
  const that = (what, body) => check(`${name}: ${what}`, body);
  const json = { "content-type": "application/json" };
  const whole_json = async (...request) => JSON.parse(await text((await send(...request)).body));
  await that("signs in and uses the token", async () => {
    const pair = await whole_json("POST", "/auth/token/pair", json, Buffer.from(JSON.stringify(told.credentials)));
    const profile = await whole_json("GET", "/users/me", { authorization: `Bearer ${pair.access_token}` });
    assert.equal(profile.email, told.credentials.email);
  });
  await that("the monolith learns who it is and from nobody else", async () => {
    const seen = await whole_json("GET", "/debug/echo/a?b=c%20d", { ...bearer, "x-user-id": "2" });
    assert.deepEqual(seen.headers.filter(([name]) => name === "x-user-id"), [["x-user-id", told.member]]);
    assert.equal(seen.query, "b=c%20d");
  });
  for (const [what, headers] of Object.entries({
    "no token": {},
    "a bad token": { authorization: "Bearer not.a.token" },
    "an expired token": { authorization: `Bearer ${told.expired}` },
  })) {
    await that(`${what} is refused`, async () => {
      const answer = await send("GET", "/users/me", headers);
      const body = await text(answer.body);
      assert.equal(answer.status, 401);
      if (what === "no token") assert.equal(body, told.refusal);
    });
  }
  for (const [what, body] of uploads) {
    await that(`an upload ${what} arrives whole`, async () => {
      const seen = await whole_json("POST", "/debug/echo/up", bearer, typeof body === "function" ? body() : body);
      assert.deepEqual([seen.body_length, seen.body_sha256], [payload.length, digest(payload)]);
    });
  }
  for (const sized of [true, false]) {
    await that(`a download ${sized ? "with" : "without"} a length arrives whole`, async () => {
      const answer = await send("GET", `/debug/bytes?n=${MEGABYTES}&sized=${sized}`, bearer);
      assert.equal(digest(await buffer(answer.body)), whole);
    });
  }
  const gate = randomUUID();
  await that("server-sent events arrive one by one", async () => {
    const events = (await send("GET", `/debug/events/${gate}-events`, bearer)).body[Symbol.asyncIterator]();
    let read = "";
    while (!read.endsWith("first\n\n")) read += Buffer.from((await events.next()).value);
    await openGate(`${gate}-events`);
    for (let next = await events.next(); !next.done; next = await events.next()) read += Buffer.from(next.value);
    assert.ok(read.endsWith("second\n\n"), read);
  });
  await that("a long poll is answered when there is something to say", async () => {
    const poll = send("GET", `/debug/gates/${gate}-poll`, bearer);
    await openGate(`${gate}-poll`);
    assert.equal((await poll).status, 200);
    await buffer((await poll).body);
  });
  await that("a hundred requests at once", async () => {
    const one = async (number) => (await whole_json("GET", `/debug/echo/${number}`, bearer)).raw_path;
    const numbers = Array.from({ length: 100 }, (_, number) => number);
    assert.deepEqual(await Promise.all(numbers.map(one)), numbers.map((number) => `/debug/echo/${number}`));
  });
  await that("a download that is broken off disturbs nobody", async () => {
    const answer = await send("GET", `/debug/bytes?n=${MEGABYTES}`, bearer);
    for await (const _ of answer.body) break;
    assert.equal((await whole_json("GET", "/debug/echo/a", bearer)).raw_path, "/debug/echo/a");
  });
}

// Apart from the journey: it may be the end of a connection.
async function refusedUploads(name, send) {
  for (const [what, body] of uploads) {
    await check(`${name}: an upload ${what} that is refused shows its refusal`, async () => {
      const answer = await send("POST", "/debug/echo/up", {}, typeof body === "function" ? body() : body);
      assert.equal(answer.status, 401);
      await buffer(answer.body);
    });
  }
}

// --- the clients

const fetching = (url) => async (method, path, headers, body) => {
  const given = { method, headers };
  if (body) Object.assign(given, { body: Buffer.isBuffer(body) ? body : Readable.from(body), duplex: "half" });
  const answer = await fetch(url + path, given);
  return { status: answer.status, headers: answer.headers, body: Readable.fromWeb(answer.body) };
};

const asking = (url, agent) => async (method, path, headers, body) => {
  const request = http.request(url + path, { method, headers, agent });
  if (!body || Buffer.isBuffer(body)) request.end(body);
  else Readable.from(body).on("error", () => {}).pipe(request);
  // A refusal may come before all is sent, and the connection then end.
  const [answer] = await Promise.race([once(request, "response"), once(request, "error").then(([failure]) => { throw failure; })]);
  request.on("error", () => {});
  return { status: answer.statusCode, headers: answer.headers, body: answer };
};

const streaming = (session) => async (method, path, headers, body) => {
  const stream = session.request({ ":method": method, ":path": path, ...headers }, { endStream: !body });
  if (Buffer.isBuffer(body)) stream.end(body);
  else if (body) Readable.from(body).on("error", () => {}).pipe(stream);
  const [answer] = await once(stream, "response");
  return { status: answer[":status"], headers: answer, body: stream };
};

for (const [name, url] of [["fetch", told.clear], ["fetch over TLS", told.tls]]) {
  await journey(name, fetching(url));
  await refusedUploads(name, fetching(url));
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
await journey("http with one connection", asking(told.clear, agent));
await check("http with one connection: it is used again", async () => {
  const ports = new Set();
  for (let turn = 0; turn < 10; turn += 1) {
    const request = http.get(`${told.clear}/debug/echo/a`, { headers: bearer, agent });
    const [answer] = await once(request, "response");
    ports.add(request.socket.localPort);
    await buffer(answer);
  }
  assert.equal(ports.size, 1);
});
await refusedUploads("http with one connection", asking(told.clear, agent));
agent.destroy();

for (const [name, url] of [["http2 in clear text", told.clear], ["http2 over TLS", told.tls]]) {
  const session = http2.connect(url);
  await journey(name, streaming(session));
  await check(`${name}: one connection was enough, and it ends well`, async () => {
    assert.equal(session.closed || session.destroyed, false);
    session.close();
    await once(session, "close");
  });
  // node may wait for ever for the end of such a session: see README.md.
  const doomed = http2.connect(url);
  await refusedUploads(name, streaming(doomed));
  doomed.destroy();
}
