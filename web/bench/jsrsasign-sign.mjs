// Prints nanoseconds per signed token as one line of JSON: jsrsasign, called as Zoom's sample calls it.
//
//   node jsrsasign-sign.mjs [SECONDS]
import { createRequire } from 'node:module';
import { sign } from './node-mint/sign.mjs';

const ROUNDS = 10;
const seconds = Number(process.argv[2] ?? 5);
if (!(seconds > 0)) {
  console.error(`error: SECONDS is ${process.argv[2]}, not a positive number`);
  process.exit(2);
}

// Another second each time, or the same token would be signed again and again.
let nowS = 1_700_000_000;
const signOne = () =>
  sign({
    key: 'NotARealSdkKey00000001',
    secret: 'NotARealSecret000000000000000001',
    meetingNumber: '85012345678',
    role: 0,
    lifetimeS: 7200,
    nowS: nowS++,
  });

/** Signs for a while. */
function round(milliseconds) {
  const start = process.hrtime.bigint();
  const end = start + BigInt(Math.round(milliseconds * 1e6));
  let iterations = 0;
  let now = start;
  while (now < end) {
    for (let i = 0; i < 100; i += 1) signOne();
    iterations += 100;
    now = process.hrtime.bigint();
  }
  return { iterations, nsPerToken: Number(now - start) / iterations };
}

round(1000); // until the compiler has settled
const rounds = Array.from({ length: ROUNDS }, () => round((seconds * 1000) / ROUNDS));
const sorted = rounds.map(({ nsPerToken }) => nsPerToken).sort((a, b) => a - b);
const { version } = createRequire(import.meta.url)('jsrsasign/package.json');

console.log(
  JSON.stringify({
    library: `jsrsasign ${version}`,
    node: process.version,
    iterations: rounds.reduce((sum, { iterations }) => sum + iterations, 0),
    ns_per_token: Math.round(sorted[Math.floor(ROUNDS / 2)]), // median of the rounds
    ns_per_token_best: Math.round(sorted[0]),
  }),
);
