// The world around the bridge: a pretend Blue that signs, a receiver that answers as its path says, and the API.
"use strict";
const http = require("node:http");
const crypto = require("node:crypto");

const SECRET = "blue's secret";

// A destination: /ok answers 200, /status/404 answers 404, and so on. It counts what came to each path.
async function receiver() {
  const counts = new Map();
  const server = http.createServer((request, response) => {
    request.on("data", () => {});
    request.on("end", () => {
      const where = new URL(request.url, "http://localhost").pathname;
      counts.set(where, (counts.get(where) ?? 0) + 1);
      const status = Number(where.match(/^\/status\/(\d{3})/)?.[1] ?? 200);
      response.writeHead(status, { "content-type": "text/plain" });
      response.end(status === 200 ? "ok" : `answer ${status} <script>window.hacked = 1</script>`);
    });
  });
  await new Promise((ready) => { server.listen(0, "127.0.0.1", ready); });
  return { url: `http://127.0.0.1:${server.address().port}`, counts, close: () => server.close() };
}

class Api {
  constructor(base, token) { this.base = base; this.token = token; }

  async call(method, path, body) {
    const response = await fetch(`${this.base}/api/v1${path}`, {
      method, headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  // Waits until a question's answer is as it should be.
  async until(what, path, check) {
    const end = Date.now() + 30000;
    for (;;) {
      const answer = await this.call("GET", path);
      if (check(answer)) return answer;
      if (Date.now() > end) throw new Error(`waited in vain for ${what}: ${JSON.stringify(answer).slice(0, 600)}`);
      await new Promise((next) => { setTimeout(next, 50); });
    }
  }
}

let number = 0;

// An event as Blue sends it; what is given replaces the usual.
function event(changes = {}) {
  number += 1;
  const value = {
    id: `record-${number}`, title: "Call Ada about the contract", text: "By Friday.", done: false,
    updatedAt: `2026-11-24T10:00:${String(number % 60).padStart(2, "0")}.${String(number).padStart(3, "0")}Z`,
    todoUsers: ["Ada Lovelace", "Grace Hopper"].map((fullName) => ({ user: { fullName } })),
    todoCustomFields: ["Margin", "Why's it late?"].map((name, at) => ({ number: at + 40, customField: { id: `f${at}`, name, type: "NUMBER" } })),
    todoList: { id: "list-1", title: "This week", project: { id: "project-1", name: "Website", company: { id: "company-1", name: "Acme" } } },
    ...changes.value,
  };
  return { event: changes.event ?? "TODO_CREATED", webhook: { uid: "w" }, previousValue: null, currentValue: value };
}

async function post(hook, body) {
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const signature = crypto.createHmac("sha256", SECRET).update(bytes).digest("hex");
  const response = await fetch(hook, { method: "POST", headers: { "content-type": "application/json", "x-signature": signature }, body: bytes });
  if (response.status !== 200) throw new Error(`the hook answered ${response.status}: ${await response.text()}`);
}

module.exports = { SECRET, receiver, Api, event, post };
