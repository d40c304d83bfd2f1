// Node's fetch: `limit` workers take the next request each; without a limit all start at once.

import { LIMIT, REQUESTS, Report, TIMEOUT_MS, URL } from "./inflight_report.mjs";

let next = 0;

async function worker(report) {
  while (next < REQUESTS) {
    const index = next++;
    await report.request(index, async (request) => {
      const signal = TIMEOUT_MS && AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(`${URL}/${index}`, { signal });
      request.head(response.status);
      request.read((await response.arrayBuffer()).byteLength);
    });
  }
}

const report = new Report();
await Promise.all(Array.from({ length: LIMIT ?? REQUESTS }, () => worker(report)));
report.end();
