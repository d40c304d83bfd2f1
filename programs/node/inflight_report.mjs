// Report of a Node program to inflight, by the contract of docs/programs.md.
//
//   const report = new Report();                              // begin of the window
//   await report.request(index, async (request) => {          // start and end of a request
//     const response = await fetch(`${URL}/${index}`);
//     request.head(response.status);
//     request.read((await response.arrayBuffer()).byteLength);
//   });
//   report.end();                                             // end of the window; writes the rows

import { openSync, writeFileSync } from "node:fs";

const { INFLIGHT_URL, INFLIGHT_REQUESTS, INFLIGHT_LIMIT, INFLIGHT_TIMEOUT } = process.env;
export const URL = INFLIGHT_URL;
export const REQUESTS = Number(INFLIGHT_REQUESTS);
export const LIMIT = Number(INFLIGHT_LIMIT ?? 0) || undefined;
export const TIMEOUT_MS = Number(INFLIGHT_TIMEOUT ?? 0) * 1000 || undefined;

const now = () => process.hrtime.bigint();

// By the code of an error, else by its name.
const CLASSES = {
  EMFILE: "emfile", ENFILE: "emfile", EADDRNOTAVAIL: "eaddrnotavail",
  ECONNREFUSED: "connect", ECONNRESET: "reset", EPIPE: "reset",
  ENOTFOUND: "dns", EAI_AGAIN: "dns",
  ETIMEDOUT: "timeout", TimeoutError: "timeout", UND_ERR_CONNECT_TIMEOUT: "timeout",
  UND_ERR_HEADERS_TIMEOUT: "timeout", UND_ERR_BODY_TIMEOUT: "timeout",
  UND_ERR_SOCKET: "closed", AbortError: "canceled", UND_ERR_ABORTED: "canceled",
};

function classOf(error) {
  for (let inside = error; inside; inside = inside.cause) {
    const known = CLASSES[inside.code] ?? CLASSES[inside.name];
    if (known) return known;
    if (/^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|UNABLE_TO_)/.test(inside.code)) return "tls";
  }
  return "other";
}

export class Report {
  // Opened now: at the end there may be no file left to open.
  #file = openSync(process.env.INFLIGHT_REPORT, "a");
  #lines = [`begin,${now()}`];

  async request(index, make) {
    let head = "", result = "other: no answer", size = "";
    const start = now();
    try {
      await make({
        head(status) { head = now(); result = status; },
        read(bytes) { size = bytes; },
      });
    } catch (error) {
      const kind = classOf(error) === "closed" && head ? "truncated" : classOf(error);
      const text = String(error).replace(/\s+/g, " ").replaceAll('"', "'").slice(0, 200);
      result = `"${kind}: ${text}"`;
    }
    this.#lines.push(`${index},${start},${head},${now()},${result},${size}`);
  }

  end() {
    this.#lines.push(`end,${now()}`);
    writeFileSync(this.#file, this.#lines.join("\n") + "\n");
  }
}
