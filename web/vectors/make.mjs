// Has three libraries sign the same cases, checks each HMAC with node's own crypto, and writes the vectors.
// README.md says what must be installed.
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const SECRET = 'NotARealSecret000000000000000001';
const here = (name) => new URL(name, import.meta.url).pathname;
const run = (command, args, options) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'], ...options });

const cases = JSON.parse(readFileSync(here('cases.json'), 'utf8')).map((given) => {
  const secret = given.secret ?? SECRET;
  return { algorithm: 'HS256', verifies: true, secret, signed_with: secret, ...given };
});

const golangJwtVersion = () => run('dpkg-query', ['-W', '-f', '${Version}', 'golang-github-golang-jwt-jwt-dev']);
const makers = {
  jsrsasign: (input) => run('node', [here('make-jsrsasign.mjs')], { input }),
  PyJWT: (input) => run('python3', [here('make-pyjwt.py')], { input }),
  'golang-jwt': (input) =>
    run('go', ['run', here('make-golang-jwt.go'), golangJwtVersion()], {
      input,
      env: { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode' },
    }),
};

const vectors = Object.entries(makers).flatMap(([maker, sign]) => {
  const ofThisMaker = cases.filter(({ makers }) => makers?.includes(maker) ?? true);
  return JSON.parse(sign(JSON.stringify(ofThisMaker))).map((made, index) => judged(made, ofThisMaker[index].verifies));
});

/** The vector with its parts decoded; an error if node's crypto does not agree on whether it verifies. */
function judged({ name, made_by, secret, token }, verifies) {
  const [header, claims, hmac] = token.split('.');
  const ours = createHmac('sha256', secret).update(`${header}.${claims}`).digest('base64url');
  if ((ours === hmac) !== verifies) {
    throw new Error(`${name} by ${made_by}: its HMAC ${verifies ? 'is not' : 'is'} HMAC-SHA256 with the secret`);
  }
  const text = (part) => Buffer.from(part, 'base64url').toString();
  return { name, made_by, secret, header: text(header), claims_json: text(claims), token, verifies };
}

const target = here('../../crates/usher-core/tests/vectors/signatures.json');
writeFileSync(target, `${JSON.stringify(vectors, null, 2)}\n`);
console.log(`${vectors.length} vectors`);
