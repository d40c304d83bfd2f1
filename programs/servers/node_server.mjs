// The JSON application for Node. `node node_server.mjs PORT` answers GET /DAY.

import { createServer } from "node:http";

const PLANETS = {
  mercury: [87.969, 0.2056, 174.795],
  venus: [224.701, 0.0068, 50.115],
  earth: [365.256, 0.0167, 357.529],
  mars: [686.98, 0.0934, 19.373],
  jupiter: [4332.59, 0.0484, 20.02],
  saturn: [10759.2, 0.0542, 317.02],
  uranus: [30688.5, 0.0472, 142.239],
  neptune: [60182.0, 0.0086, 256.228],
};
const STEPS = 500;

function anomaly([period, eccentricity, degrees], day) {
  const mean = (degrees * Math.PI) / 180 + (2 * Math.PI * day) / period;
  let eccentric = mean;
  for (let step = 0; step < STEPS; step++) {
    eccentric = mean + eccentricity * Math.sin(eccentric);
  }
  return ((eccentric * 180) / Math.PI) % 360;
}

const server = createServer((request, response) => {
  const day = Number(request.url.slice(1)) || 0;
  const page = Object.entries(PLANETS).map(([name, elements]) => [name, anomaly(elements, day)]);
  response.setHeader("content-type", "application/json");
  response.setHeader("inflight-worker", process.pid);
  response.end(JSON.stringify(Object.fromEntries(page)));
});
server.listen(Number(process.argv[2]), "127.0.0.1");
