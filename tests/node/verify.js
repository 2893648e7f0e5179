// Reads one JSON line {scheme, secret, headers, body} for each request from standard input and checks its signature
// the way receivers do: bare hex as Blue's documentation shows it, the other with the official Standard Webhooks library.
"use strict";
const crypto = require("crypto");
const { Webhook } = require("standardwebhooks");

const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");
for (const line of lines) {
  const { scheme, secret, headers, body } = JSON.parse(line);
  const rawBody = Buffer.from(body, "base64");
  if (scheme === "hex") {
    const expected = crypto.createHmac("sha256", secret).update(rawBody).digest("hex");
    if (headers["x-signature"] !== expected) throw new Error("hex signature differs");
  } else {
    new Webhook(secret).verify(rawBody.toString("utf8"), headers);
  }
  console.log("ok");
}
