// Signs the cases as Zoom's sample endpoint does: claims by JSON.stringify, jsrsasign's JWS.sign.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import jsrsasign from 'jsrsasign';

const { version } = createRequire(import.meta.url)('jsrsasign/package.json');
const cases = JSON.parse(readFileSync(0, 'utf8'));

const vectors = cases.map(({ name, algorithm, secret, signed_with, claims }) => ({
  name,
  made_by: `jsrsasign ${version}`,
  secret,
  token: jsrsasign.KJUR.jws.JWS.sign(
    algorithm,
    JSON.stringify({ alg: algorithm, typ: 'JWT' }),
    JSON.stringify(claims),
    signed_with,
  ),
}));

process.stdout.write(JSON.stringify(vectors));
